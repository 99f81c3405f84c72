# Stands before the scripts that stop etcd on this master and move its data: its manifest goes out, its containers end, its manifest comes
# back. Whatever is moved is moved inside the data directory, so also where that is a file system of its own, and never over anything.
manifests=$root/etc/kubernetes/manifests
manifest=$manifests/etcd-pod.yaml
member=$data/member
aside=$data/quarantine-$CPR_RUN
kept=$aside/etcd-pod.yaml

# Into the quarantine first, and only then out: at each moment there is one of the two.
take_manifest_out() {
    # An attempt that was killed has taken it out already: what fails from here on still has to put it back.
    [ -e "$manifest" ] || { [ -e "$kept" ] && { manifest_out=yes; return 0; }; precondition "there is no ${manifest#"$root"} to take out"; }
    if [ -e "$kept" ] && [ "$(hash_of "$kept")" != "$(hash_of "$manifest")" ]; then
        # The operator has written another one since: that is the one to put back.
        mv -nT "$kept" "$kept.$(date +%Y%m%dT%H%M%SZ).$CPR_NONCE"
    fi
    if [ ! -e "$kept" ]; then
        rm -f "$aside"/.manifest.*
        cp -p "$manifest" "$aside/.manifest.$CPR_NONCE"
        sync "$aside/.manifest.$CPR_NONCE"
        mv -nT "$aside/.manifest.$CPR_NONCE" "$kept"
        sync "$aside"
    fi
    [ "$(hash_of "$kept")" = "$(hash_of "$manifest")" ] || fail "the copy of ${manifest#"$root"} is not equal to it"
    manifest_out=yes
    rm -f "$manifest"
    sync "$manifests"
    note "took ${manifest#"$root"} out, to ${kept#"$root"}"
}
# One that somebody else has put there meanwhile stays. A file with a dot before its name is none to the kubelet. Says no where it
# cannot, and never fails by itself: it is also what is done about a failure.
place_manifest() {
    local new=$manifests/.etcd-pod.yaml.cpr-$CPR_RUN
    rm -f "$new" || return 1
    [ ! -e "$manifest" ] || return 0
    cp -p "$kept" "$new" || return 1
    if command -v restorecon >/dev/null; then restorecon "$new" || :; fi
    sync "$new" || return 1
    ln -T "$new" "$manifest" 2>/dev/null || [ -e "$manifest" ] || return 1
    rm -f "$new" || :
    sync "$manifests" || :
    note "put ${manifest#"$root"} back"
}
put_manifest_back() {
    [ -e "$kept" ] || return 0
    place_manifest || fail "${manifest#"$root"} cannot be put back"
    manifest_out=no
}
# Whatever fails while it is out, etcd must not stay stopped until a person has read of it.
manifest_out=no
before_failing() {
    [ "$manifest_out" = yes ] || return 0
    manifest_out=no
    if place_manifest; then afterword='; the manifest of etcd is back in place'
    else afterword="; THE MANIFEST OF ETCD IS OUT and cannot be put back: it lies in ${kept#"$root"}"; fi
}
still_there() { # NODE: how many containers of the pod have not ended; unknown is not none
    etcd_containers "$1" >"$work/containers" 2>"$work/runtime" || { echo unknown; return 0; }
    awk -F'\t' '$2 != "CONTAINER_EXITED" { n++ } END { print n + 0 }' "$work/containers"
}
# The kubelet gives them 30 s, and must notice first. None for five seconds, since a pod that is just made, or whose init
# containers are backing off, has none for a moment; and etcd must not start beside the data that is being moved.
await_stopped() { # NODE
    local quiet=0 left=unknown until=$((SECONDS + 150))
    while [ "$SECONDS" -lt "$until" ]; do
        left=$(still_there "$1")
        if [ "$left" = 0 ]; then quiet=$((quiet + 1)); else quiet=0; fi
        [ "$quiet" -lt 10 ] || return 0
        sleep 0.5
    done
    fail "the containers of etcd did not end ($left are left), and nothing was moved"
}
must_move_whole() {
    ! mountpoint -q "$member" || precondition "${member#"$root"} is a file system of its own and cannot be moved"
    [ ! -L "$member" ] || precondition "${member#"$root"} is a link: what it leads to is not moved"
}
