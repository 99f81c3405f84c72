#!/bin/sh
# etcd-start NODE_NAME ADDRESS [ETCD FLAGS] - finds out whether this member may start, by the same table as OpenShift's
# discover-etcd-initial-cluster, then becomes etcd (busybox sh; environment: see the pod's manifest).
set -u
name=$1 address=$2; shift 2
peer=https://$address:2380
data=no; [ -d "$ETCD_DATA_DIR/member/snap" ] && { data=yes; echo "dataDir is present on $name"; }

start() {   # $1: ETCD_INITIAL_CLUSTER; empty for a member that has data
    cluster=$1; shift
    printf 'Waiting for ports 2379, 2380 and 9978 to be released.'
    while netstat -ltn | grep -qE ':(2379|2380|9978) '; do printf .; sleep 1; done
    echo
    export ETCD_NAME="$name" ETCD_INITIAL_CLUSTER="$cluster"
    exec etcd "$@"
}

members() {   # columns: id, started|unstarted, name, peer urls, client urls, learner
    for ep in $(echo "$ALL_ETCD_ENDPOINTS" | tr , ' '); do
        [ "$ep" = "https://$address:2379" ] && continue
        # etcdctl refuses an endpoint that is given as flag and as variable.
        ETCDCTL_ENDPOINTS=$ep etcdctl --command-timeout=3s --dial-timeout=2s "$@" 2>&1 && return 0
    done
    return 1
}

archive() {
    to=$ETCD_DATA_DIR/member-removed-archive-$(date +%Y-%m-%d-%H%M%S)
    echo "attempting to archive $ETCD_DATA_DIR/member to $to"
    mv "$ETCD_DATA_DIR/member" "$to"
}

# The data's own cluster id, as etcd-rev has written it; another one means that the cluster was restored meanwhile.
other_cluster() {
    own=$(sed -n 's/.*"clusterId":\([0-9]*\).*/\1/p' "$ETCD_DATA_DIR/revision.json" 2>/dev/null)
    live=$(members -w fields member list | sed -n 's/^"ClusterID" : //p')
    [ -n "$own" ] && [ -n "$live" ] && [ "$own" != "$live" ]
}

attempt=0
while [ $attempt -lt 135 ]; do
    echo "#### attempt $attempt"; attempt=$((attempt + 1))
    if ! list=$(members member list); then
        echo "member list request failed: $list"
        [ $data = yes ] || exit 1
        # All masters start together after a power cut: somebody must be first.
        echo "failed to create etcd client, but the server is already initialized as member \"$name\" before, starting as etcd member"
        start "" "$@"
    fi
    echo "$list" | sed 's/^/      member=/'
    own=$(echo "$list" | grep -F ", $peer,")
    case "$data $own" in
    'no '*', unstarted,'*)
        start "$(echo "$list" | awk -F', ' -v me="$name" -v p="$peer" \
            '$4 != p && $3 != "" { printf "%s=%s,", $3, $4 } END { printf "%s=%s", me, p }')" "$@" ;;
    'yes '*', unstarted,'*)
        archive
        echo "member \"$peer\" is unstarted but previous members dataDir exists: archived"
        exit 1 ;;
    'yes '*', started,'*) start "" "$@" ;;
    'no '*', started,'*)
        echo "member \"$peer\" dataDir has been destroyed and must be removed from the cluster"
        exit 1 ;;
    'yes '*)
        if other_cluster; then archive; exit 1; fi
        echo "      member \"$peer\" not found in member list but dataDir exists, check operator logs for possible scaling problems" ;;
    *) echo "      member \"$peer\" not found in member list, check operator logs for possible scaling problems" ;;
    esac
    echo '#### sleeping...'; sleep 1
done
echo 'timed out'
exit 1
