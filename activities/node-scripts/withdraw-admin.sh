# withdraw-admin.sh NODE MEANS: takes cluster-admin away from where the kubelet keeps its own: its kubeconfig, which it writes anew from
# the bootstrap file at its next start, its client certificates, and what a run that was killed had half-written there. Not quarantined:
# whoever finds a copy is cluster-admin, and the original lies where the platform keeps it. The bootstrap file is replaced by another
# step, never removed. MEANS is what the kubelet goes on with, `certificate` or `bootstrap`: proved with the API server directly before.
node=$1 means=$2
expect_node "$node"
lock
refuse_late
require_backup
removed='' mark=$run_dir/withdrawing
[ -e "$mark" ] || unbegun=yes
is_admin() { [ -f "$1" ] && holds_admin "$1" && [ "$found" = 'a credential of system:masters' ]; }
# Once, and before the first of it goes.
begun=no
begin_withdrawal() {
    [ "$begun" = no ] || return 0
    prove_means "$means"
    unbegun='' begun=yes
    : >"$mark"
    sync "$mark"
}
if is_admin "$kubeconfig"; then
    # Without a file to write it from the kubelet would not come up again.
    read_form "$bootstrap" || precondition "${bootstrap#"$root"} cannot be read, so the kubelet could write no kubeconfig: $unreadable"
    # What this run has put there itself, as its plan says, is replaced by it as well.
    ! is_admin "$bootstrap" || grep -qxF "$(hash_of "$bootstrap")" "$run_dir/installed" 2>/dev/null || precondition "${bootstrap#"$root"} holds cluster-admin too, and has to be replaced first"
    begin_withdrawal
    rm -f "$kubeconfig"
    removed+=" ${kubeconfig#"$root"}"
fi
for file in "$pki"/kubelet-client*.pem; do
    [ ! -L "$file" ] || continue
    if is_admin "$file"; then begin_withdrawal; rm -f "$file"; removed+=" ${file#"$root"}"; fi
done
unbegun=''
# Under the lock nobody else is writing one.
for file in "$bootstrap".cpr-* "$kubeconfig".cpr-*; do
    [ -f "$file" ] || continue
    rm -f "$file"
    removed+=" ${file#"$root"}"
done
sync "$pki" "$(dirname "$bootstrap")" "$(dirname "$kubeconfig")"
[ -z "$removed" ] || note "removed cluster-admin from$removed"
say removed "${removed# }"
say changed "$([ -z "$removed" ] && echo no || echo yes)"
end ok
