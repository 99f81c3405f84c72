# snapshot-etcd.sh NODE CLUSTER OWN REVISION: a snapshot through the member OWN of this master, verified, in the directory of this run.
# REVISION is the highest that a healthy member had before. One of this run that is there already is checked against its record; one
# that is older than an hour is kept beside, for what came after it would be lost with it.
node=$1 cluster=$2 own=$3 floor=$4
expect_node "$node"
lock
[[ $floor =~ ^[0-9]{1,19}$ ]] || fail "'$floor' is no revision"
make_run_dir
final=$run_dir/snapshot.db record=$run_dir/snapshot.record
report() { # CHANGED PLACED; the rest stands in the record
    say changed "$1"
    say placed "$2"
    say path "${final#"$root"}"
    while IFS='=' read -r key value; do say "$key" "$value"; done <"$record"
    end ok
}
is_old() { [ $(($(date +%s) - $(stat -c %Y "$final"))) -gt 3600 ]; }
# Only once there is another one: an hour is too old to remove a member on, and far better than none.
set_old_aside() {
    local aged
    [ -e "$final" ] || return 0
    aged=$run_dir/snapshot-$(date -d "@$(stat -c %Y "$final")" +%Y%m%dT%H%M%SZ)
    [ ! -e "$record" ] || cp -p "$record" "$aged.record"
    mv -nT "$final" "$aged.db"
    [ ! -e "$final" ] || fail "${final#"$root"} is older than an hour and could not be set aside"
}
if [ -e "$final" ] && ! is_old; then
    gently
    [ -e "$record" ] && grep -qxF "sha256=$(hash_of "$final")" "$record" ||
        fail "${final#"$root"} is not what its record says: it was changed since, and is no snapshot to rely on"
    report no yes
fi

find_member "$node"
list_members
expect_member "$cluster" "$own"
gently
# Written where the container sees it: beside the data, below a name that no other attempt has.
rm -rf "$data/.cpr-snapshot-$CPR_RUN".*
rm -f "$run_dir"/.snapshot.*
place=$data/.cpr-snapshot-$CPR_RUN.$CPR_NONCE
unfinished=$place
size=$(stat -c %s "$data/member/snap/db")
needed=$((size + size / 10 + 67108864))
room() { # DIRECTORY
    local free
    free=$(df -PB1 "$1" | awk 'NR == 2 { print $4 }')
    [ "$free" -gt "$needed" ] || fail "only $free bytes are free in ${1#"$root"}; a snapshot needs $needed"
}
room "$data"
mkdir -m 700 "$place"
copies=no
[ "$(stat -c %d "$place")" = "$(stat -c %d "$run_dir")" ] || { copies=yes; room "$run_dir"; }

inside=/var/lib/etcd/${place##*/}/snapshot.db
in_member_gently 540 etcdctl snapshot save "$inside" >"$work/save" 2>&1 ||
    end_with unknown "etcdctl took no snapshot: $(tail -n1 "$work/save" | cut -c1-300)"
taken=$place/snapshot.db
chmod 600 "$taken"
bytes=$(stat -c %s "$taken")

# The trailer is the SHA-256 of all that stands before it. Nothing else looks at it before the day it is restored.
check_trailer() {
    local said is
    [ "$bytes" -gt 32 ] || return 1
    said=$(tail -c 32 "$taken" | od -An -v -tx1 | tr -d ' \n')
    is=$(head -c $((bytes - 32)) "$taken" | sha256sum | cut -d' ' -f1)
    [ "$said" = "$is" ]
}
# etcd 3.6 has it in etcdutl alone, older images in etcdctl alone.
check_pages() {
    local tool
    for tool in etcdutl etcdctl; do
        if in_member_gently 300 "$tool" snapshot status "$inside" -w json >"$work/facts" 2>"$work/facts-error"; then return 0; fi
    done
    return 1
}
# Each of them reads all of it, beside one another. What fails in any way is not so.
trailer=no pages=no
check_trailer 3>&- 4>&- & checking=$!
check_pages 3>&- 4>&- & reading=$!
sync "$taken"
sum=$(hash_of "$taken")
if wait "$checking"; then trailer=yes; fi
if wait "$reading"; then pages=yes; fi
fact() { { grep -oE "\"$1\":[0-9]+" "$work/facts" || echo :0; } | head -n1 | cut -d: -f2; }
revision=$(fact revision)
printf '%s\n' "sha256=$sum" "bytes=$bytes" "trailer=$trailer" "pages=$pages" "revision=$revision" \
    "keys=$(fact totalKey)" "floor=$floor" >"$work/record"
if [ $trailer = no ] || [ $pages = no ] || [ "$revision" -lt "$floor" ]; then record=$work/record; report yes no; fi

if [ $copies = yes ]; then
    moved=$run_dir/.snapshot.$CPR_NONCE
    cp -p "$taken" "$moved"
    sync "$moved"
    cmp -s "$taken" "$moved" || fail 'the snapshot was not copied whole'
    taken=$moved
fi
set_old_aside
# The record first: a snapshot below its own name always has one.
cat "$work/record" >"$record.new"
sync "$record.new"
mv -fT "$record.new" "$record"
mv -nT "$taken" "$final"
sync "$run_dir"
note "took a snapshot of etcd at revision $revision to ${final#"$root"}"
report yes yes
