# read-bootstrap.sh NODE: what a new bootstrap file is made from, and whether one of this run is already there.
# Server and CA are the node's own; the API is asked on the node with exactly these two. Changes nothing, takes no lock.
node=$1
expect_node "$node"
[ -e "$kubeconfig" ] || precondition "there is no ${kubeconfig#"$root"} to take the server and its CA from"
view() { timeout 5 "$kubectl" --kubeconfig="$1" config view --raw --minify -o "jsonpath=$2"; }
server=$(view "$kubeconfig" '{.clusters[0].cluster.server}')
name=$(view "$kubeconfig" '{.clusters[0].cluster.tls-server-name}')
ca_file=$(view "$kubeconfig" '{.clusters[0].cluster.certificate-authority}')
if [ -n "$ca_file" ]; then cat "$root$ca_file" >"$work/ca"; else
    view "$kubeconfig" '{.clusters[0].cluster.certificate-authority-data}' | base64 -d >"$work/ca" || precondition "the CA in ${kubeconfig#"$root"} is not base64"
fi
say server "$server"
say tlsServerName "$name"
say ca "$(base64 -w0 <"$work/ca")"
say caSha256 "$(hash_of "$work/ca")"
[ -s "$work/ca" ] || precondition "${kubeconfig#"$root"} names no CA"

# Proved, not believed: this server answers with a certificate that this CA vouches for.
cat >"$work/kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: api, cluster: {server: "$server", certificate-authority: "$work/ca"${name:+, tls-server-name: "$name"}}}]
contexts: [{name: api, context: {cluster: api, user: nobody}}]
current-context: api
users: [{name: nobody, user: {username: nobody, password: none}}]
YAML
proof=0
timeout 8 "$kubectl" --kubeconfig="$work/kubeconfig" --request-timeout=6s get --raw /readyz >"$work/readyz" 2>&1 || proof=$?
say proved "$([ "$proof" = 0 ] && echo yes || echo no)"
say proofDetail "$(tail -n1 "$work/readyz" | cut -c1-300)"

say sha256 "$(hash_of "$bootstrap")"
ours=no
if grep -qxF "$(hash_of "$bootstrap")" "$run_dir/installed" 2>/dev/null; then ours=yes; fi
say ours "$ours"
if [ -e "$bootstrap" ]; then
    ask_with "$bootstrap"
    token=$(view "$bootstrap" '{.users[0].user.token}' || :)
    claims=$(claims_of "$token")
    say expires "$(claim exp <<<"$claims")"
    say subject "$(claim sub <<<"$claims")"
    say durable "$([ -n "$claims" ] && [ -z "$(claim exp <<<"$claims")" ] && echo yes || echo no)"
    say bootstrapServer "$(view "$bootstrap" '{.clusters[0].cluster.server}' || :)"
    say bootstrapCaSha256 "$(view "$bootstrap" '{.clusters[0].cluster.certificate-authority-data}' | base64 -d 2>/dev/null | sha256sum | cut -d' ' -f1 || :)"
    say accepted "$accepted"
fi
say now "$(date +%s)"
end ok
