# change-member.sh NODE CLUSTER OWN remove|update|restore MEMBER FROM [TO]: changes the membership through the member OWN of this
# master. `restore` is an update that undoes one, after which this run updates nothing here any more.
# MEMBER is changed only while it is listed with exactly the peer URLs FROM, read here directly before. Never by name: the healthy
# one that comes after it has the same.
node=$1 cluster=$2 own=$3 change=$4 member=$5 from=$(sorted "$6") to=$(sorted "${7:-}")
expect_node "$node"
lock
case $change in
remove | update) refuse_late ;;
restore) mark_aborted; change=update ;;
*) fail "'$change' is no change of membership" ;;
esac
[ "$member" != "$own" ] || precondition "member $member would have to change itself"
hexadecimal=$(printf '%x' "$member")
find_member "$node"

look() { # sets state: listed, updated, removed, or changed, and now to the peer URLs
    list_members
    expect_member "$cluster" "$own"
    now=$(peers_of "$member") || { state=removed; return 0; }
    case $now in
    "$from") state=listed ;;
    "$to") state=updated ;;
    *) state=changed ;;
    esac
}
report() { # CHANGED
    say changed "$1"
    say state "$state"
    end ok
}

look
case $state in
removed) [ "$change" = remove ] || precondition "member $hexadecimal is not listed any more"; report no ;;
updated) [ "$change" = update ] || precondition "member $hexadecimal has the peer URLs $now, not $from"; report no ;;
changed) precondition "member $hexadecimal has the peer URLs $now, not $from" ;;
esac
note "$change of member $hexadecimal of cluster $cluster ($now${to:+ to $to})"
options=("$change" "$hexadecimal")
[ "$change" = remove ] || options+=("--peer-urls=$to")
code=0
in_member 15 etcdctl --command-timeout=12s member "${options[@]}" >"$work/reply" 2>&1 || code=$?
# What it says is not believed, either way: a reply may be lost, and the list is what counts.
look
case $change:$state in
remove:removed | update:updated) report yes ;;
*) end_with unknown "member $hexadecimal is $state after the $change (exit code $code): $(tail -n1 "$work/reply" | cut -c1-300)" ;;
esac
