# make-kubelet-key.sh NODE: makes a key for this node's kubelet, and a request that is signed with it. The key stays where it is made,
# for root alone, until its certificate is put in place; a second call finds both. Says the request, and the hash of its public key.
node=$1
expect_node "$node"
lock
refuse_late
require_backup
own=$run_dir/own
changed=no
if [ ! -e "$own/request.pem" ]; then
    rm -rf "$own"
    mkdir -m 700 "$own"
    printf '[req]\ndistinguished_name = subject\n[subject]\n' >"$work/openssl.cnf"
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$own/key.pem"
    openssl req -new -config "$work/openssl.cnf" -key "$own/key.pem" -subj "/O=system:nodes/CN=system:node:$node" -out "$own/request.new"
    sync "$own/key.pem" "$own/request.new"
    mv "$own/request.new" "$own/request.pem"
    sync "$own" "$run_dir"
    note 'made a key for the kubelet'
    changed=yes
fi
openssl req -in "$own/request.pem" -noout -pubkey >"$work/public"
say publicKeySha256 "$(hash_of "$work/public")"
say request "$(cat "$own/request.pem")"
say changed "$changed"
end ok
