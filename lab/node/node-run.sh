#!/bin/bash
# node-run.sh NODE_DIR - a node's supervisor on the host: enters the node's cgroups and keeps the node running
# across "reboot"; ends when the node powers itself off or is killed. It outlives the command that started it.
set -uo pipefail
N=$1
. "$N/node.env" || exit 1                          # NODE NETNS BASE IMAGES; gone when "lab down" was quicker
echo $$ > "$N/run.pid" || exit 1
# The cgroup namespace's root is where the process stands when it unshares: so first enter, then unshare.
while read -r version mount options; do echo $$ > "$mount/$CGROUP/cgroup.procs" || exit 1; done < "$N/cgroups"
while :; do
    # A real machine's groups are gone after a reset; left ones cost a kubelet's cAdvisor up to a minute.
    while read -r version mount options; do
        find "$mount/$CGROUP" -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null
    done < "$N/cgroups"
    nsenter --net="/run/netns/$NETNS" \
        unshare --mount --pid --uts --ipc --cgroup --fork --kill-child --propagation private \
        "$(dirname "$0")/node-boot.sh" "$N"
    status=$?
    echo "$(date +%T) $NODE ended, status $status"
    [ $status = 129 ] || break                     # 129, SIGHUP: reboot. 130, SIGINT: power-off
done
rm -f "$N/run.pid"
