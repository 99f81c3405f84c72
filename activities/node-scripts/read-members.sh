# read-members.sh NODE [revision]: the members as this master's own lists them, and with `revision` how far it has come itself. Changes
# nothing, takes no lock.
node=$1 also=${2:-}
expect_node "$node"
find_member "$node"
# Not linearizable: what this member itself has. Asked at the same time; where there is no list, nobody who listens waits for it.
tell_status() { in_member 10 etcdctl --command-timeout=8s -w fields endpoint status >"$work/status" 2>"$work/status-error"; }
if [ "$also" = revision ]; then
    tell_status 3>&- 4>&- &
    telling=$!
fi
list_members
say members "$(cat "$work/members")"
[ "$also" = revision ] || end ok
wait "$telling" || end_with unknown "its member does not tell its status: $(tail -n1 "$work/status-error" | cut -c1-300)"
say revision "$(sed -n 's/^"Revision" : \([0-9]*\)$/\1/p' "$work/status" | head -n1)"
end ok
