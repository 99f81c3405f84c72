# read-bootstrap.sh NODE [SOURCE]: what a new bootstrap file is made from, and whether one of this run is already there.
# Server and CA are the node's own, from the kubelet's kubeconfig or, where that is gone or has to go, from SOURCE; the API is asked on the node with exactly these two. Changes nothing, takes no lock.
node=$1 source=$root${2:-/var/lib/kubelet/kubeconfig}
expect_node "$node"
case $source in
"$kubeconfig" | "$bootstrap") ;;
"$admin_kubeconfigs"/*.kubeconfig) [[ ${source#"$admin_kubeconfigs"/} != */* ]] || fail "'$2' is no place to take a server from" ;;
*) fail "'$2' is no place to take a server from" ;;
esac
[ -e "$source" ] || precondition "there is no ${source#"$root"} to take the server and its CA from"
read_form "$source" || precondition "${source#"$root"} cannot be read: $unreadable"
form_ca >"$work/ca"
[ -s "$work/ca" ] || precondition "${source#"$root"} names no CA"
say server "${form[server]}"
say tlsServerName "${form[tls_name]}"
say ca "$(base64 -w0 <"$work/ca")"
say caSha256 "$(hash_of "$work/ca")"

# Proved, not believed: this server answers with a certificate that this CA vouches for.
# The user is nobody's, but without one kubectl asks for a name.
cat >"$work/kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: api, cluster: {server: "${form[server]}", certificate-authority: "$work/ca"${form[tls_name]:+, tls-server-name: "${form[tls_name]}"}}}]
contexts: [{name: api, context: {cluster: api, user: nobody}}]
current-context: api
users: [{name: nobody, user: {username: nobody, password: none}}]
YAML
proved=yes
timeout 8 "$kubectl" --kubeconfig="$work/kubeconfig" --request-timeout=6s get --raw /readyz >"$work/readyz" 2>&1 || proved=no
# Who refuses has proved itself first: with --anonymous-auth=false it says no more than that to nobody.
if [ "$proved" = no ] && grep -qE '\((Unauthorized|Forbidden)\)' "$work/readyz"; then proved=yes; fi
say proved "$proved"
say proofDetail "$(tail -n1 "$work/readyz" | cut -c1-300)"

present=$(hash_of "$bootstrap")
say sha256 "$present"
say ours "$(grep -qxF "$present" "$run_dir/installed" 2>/dev/null && echo yes || echo no)"
if [ -e "$bootstrap" ] && read_form "$bootstrap"; then
    claims=$(claims_of "${form[token]}")
    expires=$(claim exp <<<"$claims")
    say expires "$expires"
    say subject "$(claim sub <<<"$claims")"
    say durable "$([ -n "$claims" ] && [ -z "$expires" ] && echo yes || echo no)"
    say bootstrapServer "${form[server]}"
    say bootstrapCaSha256 "$(form_ca_hash)"
    # Only a token can be what a run wants to keep; and with anything else it would be asked as whoever that is, cluster-admin too.
    accepted=unknown
    [ -z "$claims" ] || ask_with "$bootstrap"
    say accepted "$accepted"
fi
say now "$(date +%s)"
end ok
