# read-members.sh NODE: the members as this master's own lists them, and how far it has come. Changes nothing, takes no lock.
node=$1
expect_node "$node"
find_member "$node"
list_members
say members "$(cat "$work/members")"
# Not linearizable: what this member itself has.
in_member 10 etcdctl --command-timeout=8s -w fields endpoint status >"$work/status" 2>"$work/status-error" ||
    end_with unknown "its member does not tell its status: $(tail -n1 "$work/status-error" | cut -c1-300)"
say revision "$(sed -n 's/^"Revision" : \([0-9]*\)$/\1/p' "$work/status" | head -n1)"
end ok
