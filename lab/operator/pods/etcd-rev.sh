#!/bin/sh
# etcd-rev - notes now and then which cluster this data belongs to and how far it has come, as OpenShift's does.
trap 'exit 0' TERM INT
while :; do
    status=$(ETCDCTL_ENDPOINTS=https://localhost:2379 etcdctl -w json --command-timeout=3s endpoint status 2>/dev/null)
    cluster=$(echo "$status" | grep -o '"cluster_id":[0-9]*' | cut -d: -f2)
    index=$(echo "$status" | grep -o '"raftIndex":[0-9]*' | cut -d: -f2)
    if [ -n "$cluster" ] && [ -n "$index" ] && [ -d "$ETCD_DATA_DIR" ]; then
        printf '{"clusterId":%s,"raftIndex":{"https://localhost:2379":%s},"maxRaftIndex":%s,"created":"%s"}\n' \
            "$cluster" "$index" "$index" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" > "$ETCD_DATA_DIR/.revision.new"
        mv "$ETCD_DATA_DIR/.revision.new" "$ETCD_DATA_DIR/revision.json"
    fi
    sleep 30 & wait $!
done
