# observe-etcd.sh NODE [member]: what one look at this master shows of its etcd member: what the member says itself, and what lies on
# the disk; with `member` the former alone. Changes nothing, takes no lock. Sends addresses, ids, dates, hashes and counts; never a key,
# and nothing of the data.
node=$1 only=${2:-}
expect_node "$node"
data=$root/var/lib/etcd
manifest=$root/etc/kubernetes/manifests/etcd-pod.yaml
resources=$root/etc/kubernetes/static-pod-resources
certificates=$resources/etcd-certs/secrets/etcd-all-certs

# All at once, since without quorum every one but the first waits for its time to be over. Four seconds, for what is busy is not dead.
# An answer is written whole: what is as short as these is never torn by another one in a pipe, and half an answer is none.
read -r -d '' questions <<'SH' || :
export ETCDCTL_ENDPOINTS=https://localhost:2379
ask() {
    name=$1
    shift
    said=$({
        error=$(etcdctl --command-timeout=4s --dial-timeout=2s -w json "$@" 2>&1 >&3)
        printf '\n@@end %s %s %s\n' "$name" "$?" "${error##*
}" >&3
    } 3>&1)
    printf '@@ask %s\n%s\n' "$name" "$said"
}
ask status endpoint status &
ask read get health --keys-only &
ask members member list &
ask alarms alarm list &
wait
SH
ask_member() {
    local shell
    # Its container etcdctl stays when etcd does not, and would wait for it: eight seconds, for answers that nobody believes.
    grep -q $'^etcd\tCONTAINER_RUNNING\t' "$work/containers" || return 0
    shell=$(etcd_shell <"$work/containers")
    if [ -z "$shell" ]; then echo 'neither of its containers etcdctl and etcd runs' >"$work/member-error"; return; fi
    timeout 18 crictl exec -s "$shell" sh -c "$questions" >"$work/member" 2>"$work/member-error" || :
    # One that has no quorum reaches nobody, and who asks it waits.
    if grep -q '^@@end read 0 ' "$work/member"; then ask_reach "$shell"; fi
}
# Whom does it reach? Whoever asks a member waits four seconds for one that is silent, since it may only be busy. One that refuses a
# connection twice is not waited for: nobody listens there.
ask_reach() { # CONTAINER
    local url alive code=0 said
    { sed -n '/^@@ask members$/{n;p}' "$work/member" | jq -r '.members[].clientURLs // [] | .[]' |
        grep -xE 'https?://[][A-Za-z0-9./:_%-]+'; } >"$work/urls" 2>/dev/null || return 0
    : >"$work/refused"
    while read -r url; do if refuses "$url"; then printf '%s\n' "$url" >>"$work/refused"; fi & done <"$work/urls"
    wait
    alive=$(grep -vxFf "$work/refused" "$work/urls" | paste -sd, || :)
    echo '[]' >"$work/reach"
    if [ -n "$alive" ]; then
        timeout 6 crictl exec -s "$1" sh -c "export ETCDCTL_ENDPOINTS='$alive'; exec etcdctl --command-timeout=4s --dial-timeout=2s -w json endpoint health" \
            >"$work/reach" 2>>"$work/member-error" || code=$?
    fi
    if [ -s "$work/refused" ]; then
        said=$(jq -c --arg refused "$(cat "$work/refused")" \
            '. + ($refused | split("\n") | map({endpoint: ., health: false, error: "connection refused"}))' "$work/reach" 2>/dev/null) || said=''
    else said=$(cat "$work/reach"); fi
    printf '\n@@ask reach\n%s\n\n@@end reach %s %s\n' "$said" "$code" "$(tail -n1 "$work/member-error")" >>"$work/member"
}
refuses() { # URL
    local place=${1#*://} host said try
    place=${place%%/*}
    host=${place%:*}
    for try in 1 2; do
        [ $try = 1 ] || sleep 0.5
        # Its own process: a connection that nobody answers would be waited for here.
        said=$(timeout 1 bash -c 'exec 5<>"/dev/tcp/$0/$1"' "${host//[][]/}" "${place##*:}" 2>&1) && return 1
        [[ $said == *': Connection refused' ]] || return 1
    done
}

: >"$work/member"; : >"$work/member-error"
if etcd_containers "$node" >"$work/containers" 2>"$work/runtime"; then
    say containers "$(cat "$work/containers")"
    ask_member &
else
    say runtimeError "$(tail -n1 "$work/runtime" | cut -c1-300)"
fi

say_member() {
    wait
    say member "$(head -c 1048576 "$work/member")"
    say memberError "$(tail -n1 "$work/member-error" | cut -c1-300)"
    end ok
}
if [ "$only" = member ]; then say_member; fi

say nodeName "$node"
say nodeTime "$(date -u +%FT%T.%3NZ)"

# Where something would be written that does not exist yet: the directory above it that does.
free_below() { # DIRECTORY
    local directory=$1
    while [ ! -d "${directory:-/}" ]; do directory=${directory%/*}; done
    df -PB1 "${directory:-/}" | awk 'NR == 2 { print $4 }'
}
bytes_at() { # FILE OFFSET COUNT: hexadecimal
    local said
    said=$(od -An -v -tx1 -j "$2" -N "$3" "$1" 2>/dev/null) || :
    printf '%s' "${said//[[:space:]]/}"
}
look_at_data() {
    local member=$data/member wal
    if [ ! -d "$member" ]; then say data.state missing
    elif [ -z "$(find "$member" -xdev -type f -print -quit)" ]; then say data.state empty
    else say data.state present; fi
    say data.free "$(free_below "$data")"
    say data.writable "$([ -d "$data" ] && [ -w "$data" ] && echo yes || echo no)"
    say data.ownMount "$(mountpoint -q "$data" 2>/dev/null && echo yes || echo no)"
    # The two pages from which the database is opened, one of which must be whole: counts and checksums, no content.
    if [ -f "$member/snap/db" ]; then
        say data.database "$(bytes_at "$member/snap/db" 0 80) $(bytes_at "$member/snap/db" "$(getconf PAGESIZE)" 80)"
    else
        say data.database missing
    fi
    wal=$({ find "$member/wal" -maxdepth 1 -name '*.wal' 2>/dev/null || :; } | sort | tail -n1)
    say data.log "$(if [ -n "$wal" ]; then bytes_at "$wal" 0 12; else echo missing; fi)"
}
look_at_data
say room "$(free_below "$root/var/lib/etcd-recovery")"

if [ -f "$manifest" ]; then
    say manifest.sha256 "$(hash_of "$manifest")"
    # Which revision it claims to be stands in the file alone. It is read by the worker and goes no further.
    say manifest.body "$(head -c 262144 "$manifest")"
fi
hashes_of_copies() {
    local copies=("$resources"/etcd-pod-*/etcd-pod.yaml) sum path
    [ -e "${copies[0]}" ] || return 0
    # One that is pruned meanwhile is none.
    { sha256sum -- "${copies[@]}" 2>/dev/null || :; } | while read -r sum path; do
        path=${path%/*}
        printf '%s %s\n' "${path##*-}" "$sum"
    done
}
say manifest.copies "$(hashes_of_copies)"

certificate() { # NAME
    local certificate=$certificates/$1.crt key=$certificates/$1.key said public expired=no
    if [ ! -f "$certificate" ] || [ ! -f "$key" ]; then echo missing; return; fi
    # Its public key, and whether it has expired, in one go: each start of openssl costs more than all that it does.
    said=$(openssl x509 -in "$certificate" -noout -pubkey -checkend 0 2>/dev/null) || expired=yes
    if [[ $said != *'-----END PUBLIC KEY-----'* ]]; then echo unparsable
    elif ! public=$(openssl pkey -in "$key" -pubout 2>/dev/null) || [ -z "$public" ]; then echo unparsable
    elif [[ $said != *"$public"* ]]; then echo key-mismatch
    elif [ $expired = yes ]; then echo expired
    else echo usable; fi
}
say certificates "$(for kind in etcd-peer etcd-serving; do echo "$(certificate "$kind-$node") $kind-$node"; done)"

# What it said before it gave up stands at the end. Two of etcd: the newest may have only just begun.
last_words() {
    local id
    awk -F'\t' '($1 == "etcd" && ++etcd <= 2) || ($1 == "etcd-ensure-env-vars" && !init++) { print $3 }' "$work/containers" |
        while read -r id; do timeout 5 crictl logs --tail 100 "$id" 2>&1 || :; done
}
signs() {
    head -c 4194304 | awk '
        /dataDir has been destroyed/ { n["dataDestroyed"]++ }
        /crc mismatch|failed to recover v3 backend|failed to open database|invalid database|database file is corrupt|Was the raft log corrupted|panic: (freepages|page [0-9]+ |invalid page|assertion failed: Page|unexpected page)/ { n["dataCorrupt"]++ }
        /[Ee]xpected .* to be [^ ]+ got / { n["addressRefused"]++ }
        /private key does not match public key|failed to find any PEM data|failed to find certificate PEM|\.(crt|key): no such file or directory|x509: malformed/ { n["certificateUnusable"]++ }
        /bad certificate|certificate has expired|certificate is valid for .*, not |certificate signed by unknown authority/ { n["certificateRejected"]++ }
        /permanently removed from the cluster/ { n["removed"]++ }
        /no space left on device/ { n["diskFull"]++ }
        END { for (name in n) print name "=" n[name] }'
}
if [ -s "$work/containers" ]; then say log "$(last_words | signs)"; else say log ''; fi

say_member
