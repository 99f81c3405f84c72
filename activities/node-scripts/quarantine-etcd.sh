# quarantine-etcd.sh NODE: stops etcd on this master and sets its data aside, in a directory of this run. Each part looks first
# whether it is done, so that one that was killed anywhere is taken up again.
node=$1
expect_node "$node"
lock
refuse_late
must_move_whole
report() { # CHANGED
    say changed "$1"
    say directory "${aside#"$root"}"
    say data "$([ -e "$aside/member" ] && echo moved || echo none)"
    end ok
}
if [ -e "$aside/done" ]; then
    put_manifest_back
    report no
fi
mkdir -p -m 700 "$aside"
sync "$data"
# Data that was moved is not looked for again: what lies there now was written since.
if [ ! -e "$aside/member" ]; then
    take_manifest_out
    await_stopped "$node"
    [ ! -e "$manifest" ] || end_with unknown "${manifest#"$root"} was put there meanwhile: nothing was moved"
    if [ -e "$member" ]; then
        mv -nT "$member" "$aside/member"
        [ ! -e "$member" ] || fail "${member#"$root"} was not moved"
        sync -f "$data"
        note "moved ${member#"$root"} to ${aside#"$root"}/member"
    fi
fi
put_manifest_back
: >"$aside/done"
sync "$aside/done" "$aside"
report yes
