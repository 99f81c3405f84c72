# conclude-run.sh NODE HOW: says on the node that this run is over and how (`healed`, `left owing`, `put back`, `cleaned up`), so that nobody
# takes what it leaves for the traces of one that was killed. Its backup stays. What its scripts were writing when they were
# killed goes, and so does a copy of a token that expires: what an earlier run had left in place came into the backup as it was.
node=$1 how=$2
expect_node "$node"
lock
case $how in healed | 'left owing' | 'put back' | 'cleaned up') ;; *) fail "'$how' is no way in which a run ends" ;; esac
# A credential that expires is the one thing that must not be called over.
if grep -qxF "$(hash_of "$bootstrap")" "$run_dir/installed" 2>/dev/null && is_temporary "$bootstrap"; then
    precondition "the temporary credential of this run is still in ${bootstrap#"$root"}: it has to be replaced first"
fi
if grep -qxF "$(hash_of "$bootstrap")" "$run_dir/installed" 2>/dev/null && holds_admin "$bootstrap"; then
    precondition "${bootstrap#"$root"} still holds cluster-admin: it has to be replaced first"
fi
changed=no
sweep() { # FILE OR DIRECTORY
    if [ -e "$1" ] || [ -L "$1" ]; then rm -rf "$1"; note "removed ${1#"$root"}, half-written"; changed=yes; fi
}
for file in "$recovery/.$CPR_RUN".unfinished.* "$bootstrap.cpr-$CPR_RUN" "$kubeconfig.cpr-$CPR_RUN" "$pki"/*.cpr-"$CPR_RUN" "$pki/.kubelet-client.cpr-$CPR_RUN" "$run_dir"/restart-*.new "$run_dir/own" \
    "$root/var/lib/etcd/.cpr-snapshot-$CPR_RUN".* "$root/var/lib/etcd-recovery/$CPR_RUN"/.snapshot.*; do sweep "$file"; done
if [ -e "$run_dir/bootstrap-kubeconfig" ] && is_temporary "$run_dir/bootstrap-kubeconfig"; then
    # Out of the manifest first: what that lists must verify for as long as the backup lies there.
    grep -v ' [ *]\./bootstrap-kubeconfig$' "$run_dir/manifest.sha256" >"$run_dir/manifest.new" || :
    mv -fT "$run_dir/manifest.new" "$run_dir/manifest.sha256"
    rm -f "$run_dir/bootstrap-kubeconfig"
    note "removed a temporary token from the backup ${run_dir#"$root"}"
    changed=yes
fi
if [ -d "$run_dir" ] && [ "$(cat "$run_dir/concluded" 2>/dev/null || :)" = '' ]; then
    printf '%s\n' "$how" >"$run_dir/concluded.new"
    sync "$run_dir/concluded.new"
    mv -fT "$run_dir/concluded.new" "$run_dir/concluded"
    note "concluded: $how"
    changed=yes
fi
[ ! -d "$recovery" ] || sync -f "$recovery"
say directory "$([ -d "$run_dir" ] && echo "${run_dir#"$root"}" || echo none)"
say changed "$changed"
end ok
