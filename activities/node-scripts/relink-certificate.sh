# relink-certificate.sh NODE FILE HASH: links the kubelet's client certificate to FILE, a valid one that still lies in its directory
# and has this hash, and which the API server takes for this node's when it is asked with it. Where FILE is the certificate's own
# place, a regular file, it becomes a link to a copy of itself.
node=$1 file=$2 expected=$3
expect_node "$node"
lock
refuse_late
require_backup
[[ $file =~ ^/var/lib/kubelet/pki/kubelet-client-[A-Za-z0-9_-]+\.pem$ ]] || fail "'$file' is no client certificate of a kubelet"
place=$root$file
# Linked by an attempt whose answer was lost.
if [ -L "$current" ] && [ "$(hash_of "$current")" = "$expected" ]; then say changed no; end ok; fi
[ "$(hash_of "$place")" = "$expected" ] || precondition "$file is no longer what was approved (its hash is $(hash_of "$place"))"
prove_certificate "$place"
if [ "$place" = "$current" ]; then
    place=$pki/kubelet-client-$(date -u +%Y-%m-%d-%H-%M-%S).pem
    [ ! -e "$place" ] || fail "${place#"$root"} is there already"
    cp -p "$current" "$place"
    sync "$place"
fi
link_current "$place" relink
say changed yes
end ok
