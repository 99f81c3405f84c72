# install-certificate.sh NODE PUBLIC_KEY: the certificate on CPR_INPUT, for the key that make-kubelet-key.sh has made here, becomes the
# kubelet's client certificate, once the API server takes it for this node's when it is asked with it. PUBLIC_KEY is the hash of that
# key's public half, as it was approved.
node=$1 expected=$2
expect_node "$node"
lock
refuse_late
require_backup
key=$run_dir/own/key.pem
in_place() { holds_pair "$current" && [ "$(public_key_hash "$current")" = "$expected" ]; }
if [ -L "$current" ] && in_place; then rm -f "$key"; say changed no; end ok; fi
[ -e "$key" ] || precondition "the key that was made on $node is not there any more"
base64 -d <<<"$CPR_INPUT" >"$work/certificate"
[ "$(public_key_hash "$work/certificate")" = "$expected" ] || precondition 'the certificate is for another key than the one that was approved'
subject=$(openssl x509 -in "$work/certificate" -noout -subject -nameopt RFC2253)
case $subject in
"subject=CN=system:node:$node,O=system:nodes") ;;
*) precondition "the certificate is that of another: ${subject#subject=}" ;;
esac
place=$pki/kubelet-client-$(date -u +%Y-%m-%d-%H-%M-%S).pem
unfinished=$pki/.kubelet-client.cpr-$CPR_RUN
cat "$work/certificate" "$key" >"$unfinished"
holds_pair "$unfinished" || precondition 'the key that was made here is not that of the certificate'
# One of the same second is that of an attempt which failed behind it, or somebody else's.
[ ! -e "$place" ] || cmp -s "$unfinished" "$place" || fail "${place#"$root"} is there already"
prove_certificate "$unfinished"
sync "$unfinished"
mv -T "$unfinished" "$place"
unfinished=''
link_current "$place" install-certificate
rm -f "$key"
sync "$run_dir/own"
say changed yes
end ok
