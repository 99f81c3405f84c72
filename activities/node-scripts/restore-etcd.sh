# restore-etcd.sh NODE all|manifest: puts back the data and the manifest that this run has set aside, or the manifest alone. Whoever
# calls it has asked the other members first: data of a member that was removed must never come back.
node=$1 what=$2
[ "$what" = all ] || [ "$what" = manifest ] || fail "'$what' is nothing to put back"
expect_node "$node"
lock
mark_aborted
report() { # CHANGED WHY
    say changed "$1"
    say why "$2"
    end ok
}
[ -d "$aside" ] || report no 'this run has set nothing aside'
changed=no
if [ "$what" = manifest ]; then
    [ -e "$manifest" ] || changed=yes
    put_manifest_back
    [ -e "$manifest" ] || fail "there is no ${manifest#"$root"}, and none to put back"
    report "$changed" "its manifest is in place; what was set aside stays in ${aside#"$root"}"
fi
if [ -e "$aside/member" ]; then
    must_move_whole
    [ ! -e "$member" ] || precondition "there is new data in ${member#"$root"}: the old one stays in ${aside#"$root"}"
    take_manifest_out
    await_stopped "$node"
    [ ! -e "$manifest" ] || end_with unknown "${manifest#"$root"} was put there meanwhile: nothing was moved"
    if [ -e "$member" ]; then
        put_manifest_back
        precondition "etcd has written new data to ${member#"$root"} meanwhile: the old one stays in ${aside#"$root"}"
    fi
    mv -nT "$aside/member" "$member"
    [ ! -e "$aside/member" ] || fail "${member#"$root"} was not put back"
    sync -f "$data"
    note "put ${member#"$root"} back"
    changed=yes
fi
[ -e "$manifest" ] || changed=yes
put_manifest_back
[ -e "$manifest" ] || fail "there is no ${manifest#"$root"}, and none to put back"
rm -f "$aside/done" "$kept" "$kept".* "$aside"/.manifest.*
rmdir "$aside"
sync "$data"
report "$changed" 'its data and its manifest are as they were'
