# Stands between the prelude and the scripts that ask or change the member on this master. Ids are decimal here, as etcd prints them
# in its `fields`; a 64-bit number that went through a float, as jq's do, would name another member.
data=$root/var/lib/etcd
run_dir=$root/var/lib/etcd-recovery/$CPR_RUN

find_member() { # NODE: sets shell
    etcd_containers "$1" >"$work/containers" || end_with unknown 'the container runtime does not answer'
    shell=$(etcd_shell <"$work/containers")
    [ -n "$shell" ] || end_with unknown 'neither of its containers etcdctl and etcd runs, so its member cannot be asked'
}
in_member() { # SECONDS COMMAND...: in the member's container, asked at itself; etcdctl refuses an endpoint that is given twice
    local seconds=$1
    shift
    timeout "$((seconds + 5))" crictl exec -s "$shell" env ETCDCTL_ENDPOINTS=https://localhost:2379 "$@"
}
# A whole database is read and hashed beside members that must go on writing: whatever is theirs comes first, here and in the
# container, whose processes are no children of this one.
gently() {
    renice -n 19 -p $$ >/dev/null 2>&1 || :
    read_gently
}
# For what is read within a second or two.
read_gently() { ionice -c 2 -n 7 -p $$ >/dev/null 2>&1 || :; }
in_member_gently() { # SECONDS COMMAND...
    in_member "$1" sh -c 'if command -v nice >/dev/null; then exec nice -n 19 "$@"; fi; exec "$@"' sh "${@:2}"
}
# Linearizable: without quorum there is no list. Its first lines say which member of which cluster has answered.
list_members() { # sets answering_cluster and answering_member; the list is in $work/members
    in_member 10 etcdctl --command-timeout=8s -w fields member list >"$work/members" 2>"$work/list-error" ||
        end_with unknown "its member does not list the members: $(tail -n1 "$work/list-error" | cut -c1-300)"
    answering_cluster=$(sed -n 's/^"ClusterID" : \([0-9]*\)$/\1/p' "$work/members" | head -n1)
    answering_member=$(sed -n 's/^"MemberID" : \([0-9]*\)$/\1/p' "$work/members" | head -n1)
    [ -n "$answering_cluster" ] && [ -n "$answering_member" ] || end_with unknown 'its member does not say who it is'
}
expect_member() { # CLUSTER MEMBER
    [ "$answering_cluster" = "$1" ] || precondition "the member here is of cluster $answering_cluster, not $1"
    [ "$answering_member" = "$2" ] || precondition "the member here is $answering_member, not $2"
}
# The peer URLs of one member, sorted, with commas between them; fails where it is not listed. A value is quoted by etcdctl, and
# no name can hold the end of a line.
peers_of() { # MEMBER
    awk -v wanted="$1" '/^"ID" : / { own = ($3 "" == wanted ""); if (own) found = 1 }
        own && /^"PeerURL" : / { gsub(/"/, "", $3); print $3 } END { exit !found }' "$work/members" | sort | paste -sd, -
}
sorted() { tr ',' '\n' <<<"$1" | sort | paste -sd, -; }

# The directory of this run. Whoever finds `aborted` in it comes too late.
make_run_dir() {
    mkdir -p -m 700 "${run_dir%/*}" "$run_dir"
    refuse_late
}
# Before anything is put back: what was cut off from its worker and comes later finds it and does nothing.
mark_aborted() { # called under the lock
    mkdir -p -m 700 "${run_dir%/*}" "$run_dir"
    : >"$run_dir/aborted"
    sync "$run_dir/aborted" "$run_dir"
}

# A file as it is, after a line that says how many bytes follow.
stream_file() { # FILE
    local bytes
    bytes=$(stat -c %s "$1")
    printf '@@cpr-stream %s %s %s %s\n' "$CPR_RUN" "$CPR_STEP" "$CPR_NONCE" "$bytes" >&3
    head -c "$bytes" "$1" >&3
    printf '\n' >&3
}
