# restore-kubelet.sh NODE: puts back the bootstrap file from the backup of this run. Only as long as the kubelet was not restarted:
# afterwards it runs with what we gave it, and the old file is the broken one.
node=$1
expect_node "$node"
lock
if [ ! -e "$run_dir/manifest.sha256" ]; then say changed no; say why 'this run has made no backup, so it has changed nothing'; end ok; fi
for mark in "$run_dir"/restart-*; do
    [ ! -e "$mark" ] || precondition 'the kubelet was already restarted by this run: what was there before is not put back'
done
(cd "$run_dir" && sha256sum --quiet -c manifest.sha256) || fail "the backup in ${run_dir#"$root"} does not match its own manifest"
# Written before anything is put back: an install or a restart of this run that comes later finds it and does nothing.
: >"$run_dir/aborted"
sync "$run_dir/aborted" "$run_dir"
# A key that was made here and whose certificate nobody will put in place.
rm -rf "$run_dir/own"
# Half-written by an install that was killed, and as good as the whole for whoever finds it.
rm -f "$bootstrap.cpr-$CPR_RUN" "$kubeconfig.cpr-$CPR_RUN"
was_admin() { grep -qxF "$1" "$run_dir/not-copied" 2>/dev/null; }
present=$(hash_of "$kubeconfig")
if grep -qxF "$present" "$run_dir/installed-kubeconfig" 2>/dev/null; then
    if [ -e "$run_dir/kubeconfig" ]; then
        unfinished="$kubeconfig.cpr-$CPR_RUN"
        cp -p "$run_dir/kubeconfig" "$unfinished"
        sync "$unfinished"
        put_in_place "$unfinished" "$kubeconfig"
    else rm -f "$kubeconfig"; fi
    note "put back ${kubeconfig#"$root"}"
fi
# A kubelet that dies and is started again has taken up what was lent by itself, before any restart of ours: it runs as
# cluster-admin then, and has written that down as a client certificate of its own.
if [ -e "$run_dir/installed-kubeconfig" ] && [ ! -e "$run_dir/purged" ]; then
    for file in "$pki"/kubelet-client*.pem; do
        if [ -L "$file" ] || [ ! -f "$file" ]; then continue; fi
        if holds_admin "$file" && [ "$found" = 'a credential of system:masters' ]; then
            rm -f "$file"
            note "removed cluster-admin from ${file#"$root"}"
        fi
    done
    if [ -L "$current" ] && [ ! -e "$current" ]; then rm -f "$current"; fi
    sync "$pki"
    systemctl reset-failed kubelet || :
    systemctl restart --no-block kubelet
    note 'restarted the kubelet, which may have run with what was lent'
    : >"$run_dir/purged"
    sync "$run_dir/purged" "$run_dir"
fi
present=$(hash_of "$bootstrap")
before=$(hash_of "$run_dir/bootstrap-kubeconfig")
# The last that this run does here: without this word its directory would be taken for that of one that was killed.
conclude() {
    printf 'put back\n' >"$run_dir/concluded.new"
    sync "$run_dir/concluded.new"
    mv -fT "$run_dir/concluded.new" "$run_dir/concluded"
    sync "$run_dir"
}
if [ "$present" = "$before" ] || { was_admin bootstrap-kubeconfig && ! grep -qxF "$present" "$run_dir/installed" 2>/dev/null; }; then conclude; say changed no; say why 'the bootstrap file is the one from before'; end ok; fi
grep -qxF "$present" "$run_dir/installed" 2>/dev/null ||
    precondition "${bootstrap#"$root"} was changed by someone else (its hash is $present)"
! was_admin bootstrap-kubeconfig || precondition "${bootstrap#"$root"} held cluster-admin before, which is not put back"
if [ "$before" = missing ]; then rm -f "$bootstrap"; else
    unfinished="$bootstrap.cpr-$CPR_RUN"
    cp -p "$run_dir/bootstrap-kubeconfig" "$unfinished"
    sync "$unfinished"
    put_in_place "$unfinished" "$bootstrap"
fi
note "put back ${bootstrap#"$root"} (is $before)"
conclude
say changed yes
say why 'the bootstrap file from before is back'
end ok
