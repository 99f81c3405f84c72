# hash-etcd.sh NODE REVISION: the hash of this master's own etcd data at that revision. Changes nothing, takes no lock.
node=$1 revision=$2
[[ $revision =~ ^[1-9][0-9]{0,18}$ ]] || fail "'$revision' is no revision of etcd"
expect_node "$node"
shell=$(etcd_containers "$node" | etcd_shell)
[ -n "$shell" ] || fail 'neither of its containers etcdctl and etcd runs'
# Every key and every value up to that revision is read for it.
question="export ETCDCTL_ENDPOINTS=https://localhost:2379; exec etcdctl --command-timeout=40s --dial-timeout=2s -w json endpoint hashkv --rev=$revision"
timeout 50 crictl exec -s "$shell" sh -c "$question" >"$work/hash" 2>"$work/why" || fail "$(tail -n1 "$work/why" | cut -c1-300)"
say hash "$(head -c 65536 "$work/hash")"
end ok
