# restart-kubelet.sh NODE ATTEMPT UNUSABLE MEANS: restarts the kubelet, once per attempt however often this is run. UNUSABLE is the
# hash of a client certificate that can be read and must not be started with (of another node, or of an unknown authority), or `none`.
# MEANS is what it is to go on with, proved with the API server directly before: `certificate`, `bootstrap`, or `none`.
# The InvocationID from before is written down first: another one means that it was restarted since.
node=$1 attempt=$2 unusable=$3 means=$4
expect_node "$node"
lock
refuse_late
[ -e "$run_dir/manifest.sha256" ] || precondition "there is no backup of this run in ${run_dir#"$root"}"
[[ $attempt =~ ^[0-9]{1,4}$ ]] || fail "attempt '$attempt' is not a number"
mark=$run_dir/restart-$attempt
[ -e "$mark" ] || unbegun=yes
show() { systemctl show kubelet -p "$1" | sed "s/^$1=//"; }
[ "$(show LoadState)" = loaded ] || precondition 'there is no unit kubelet.service on this node'
report() {
    say started "$(show ExecMainStartTimestamp)"
    say invocation "$(show InvocationID)"
    end ok
}
since() { [ "$(show ActiveState)" = "$1" ] && [ "$(show InvocationID)" != "$(cat "$mark")" ]; }
# One that takes longer than this script may wait is waited for again, not begun again: it would never get there.
await_start() { # CHANGED
    for _ in $(seq 240); do
        if since active; then say changed "$1"; report; fi
        sleep 0.25
    done
    fail "the kubelet was not active 60 s after its restart: it is $(show ActiveState), $(show SubState), result $(show Result)"
}
if [ -e "$mark" ]; then
    if since active || since activating; then await_start no; fi
fi
prove_means "$means"
if [ ! -e "$mark" ]; then
    unbegun=''
    show InvocationID >"$mark.new"
    sync "$mark.new"
    mv "$mark.new" "$mark"
    sync "$run_dir"
fi

# A kubelet that finds a damaged pem exits instead of asking for a new one. Moved aside, never deleted; a certificate that can
# still be used stays where it is, and kubelet-server* is none of our business: without it serving needs another approval.
usable() {
    [ -e "$current" ] && [ "$(hash_of "$current")" != "$unusable" ] && openssl x509 -in "$current" -noout -pubkey >"$work/certkey" 2>/dev/null &&
        openssl pkey -in "$current" -pubout >"$work/key" 2>/dev/null && cmp -s "$work/key" "$work/certkey"
}
if { [ -e "$current" ] || [ -L "$current" ]; } && ! usable; then
    aside=$run_dir/quarantine/restart-$attempt
    mkdir -p -m 700 "$aside"
    target=$(readlink -f "$current" || :)
    # Cluster-admin is not kept anywhere.
    if [ -f "$target" ] && holds_admin "$target" && [ "$found" = 'a credential of system:masters' ]; then rm -f "$target"; fi
    case $target in
    "$(readlink -f "$pki")"/kubelet-client-*) if [ -e "$target" ]; then mv -n "$target" "$aside/"; fi ;;
    esac
    if [ -e "$current" ] || [ -L "$current" ]; then mv -n "$current" "$aside/"; fi
    note "moved an unusable client certificate to ${aside#"$root"}"
fi
# systemd refuses the sixth start within ten seconds, and whoever was here before us may have used up the other five.
systemctl reset-failed kubelet || :
systemctl restart --no-block kubelet
note 'restarted the kubelet'
await_start yes
