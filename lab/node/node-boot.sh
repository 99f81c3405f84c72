#!/bin/bash
# node-boot.sh NODE_DIR - runs as PID 1 of a node's new mount, pid, uts, ipc and cgroup namespaces (the network
# namespace is the node's already), builds the node's view of the file system and becomes systemd. All mounts are
# made in here, so they disappear together with the namespace.
set -euo pipefail
N=$1
. "$N/node.env"
R=$N/root

mount --make-rprivate /
mount -t overlay "$NETNS" -o "lowerdir=$BASE,upperdir=$N/upper,workdir=$N/work" "$R"

# Directories that must not be on an overlay (containerd nests overlays, etcd syncs) or outlive the root.
for d in containerd kubelet etcd; do
    mkdir -p "$R/var/lib/$d"; mount --bind "$N/data/$d" "$R/var/lib/$d"
done
mkdir -p "$R/opt/lab/images"; mount --bind "$IMAGES" "$R/opt/lab/images"; mount -o remount,ro,bind "$R/opt/lab/images"

mount -t proc proc "$R/proc" -o nosuid,nodev,noexec
# A boot id of its own: journalctl -b and a kubelet tell restarts of the node apart by it.
cat /proc/sys/kernel/random/uuid > "$N/boot_id"
mount --bind "$N/boot_id" "$R/proc/sys/kernel/random/boot_id"
# /proc/sys is the whole machine's, except for net.*: what systemd raises at boot and what a kubelet sets
# (overcommit, panic, ...) is caught by private copies, so that the host keeps its values.
rm -rf "$N/sysctl"; mkdir "$N/sysctl"
for f in fs/file-max fs/nr_open vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops \
         kernel/keys/root_maxkeys kernel/keys/root_maxbytes kernel/core_pattern; do
    [ -e "$R/proc/sys/$f" ] || continue
    cat "$R/proc/sys/$f" > "$N/sysctl/${f//\//.}"
    mount --bind "$N/sysctl/${f//\//.}" "$R/proc/sys/$f"
done
mount -t sysfs sysfs "$R/sys" -o nosuid,nodev,noexec
mount -t tmpfs tmpfs "$R/run" -o nosuid,nodev,mode=755
mount -t tmpfs tmpfs "$R/tmp" -o nosuid,nodev,mode=1777

# A small private /dev; kmsg is there because a kubelet insists on it.
mount -t tmpfs tmpfs "$R/dev" -o nosuid,mode=755
mknod -m 666 "$R/dev/null" c 1 3;   mknod -m 666 "$R/dev/zero" c 1 5;    mknod -m 666 "$R/dev/full" c 1 7
mknod -m 666 "$R/dev/random" c 1 8; mknod -m 666 "$R/dev/urandom" c 1 9; mknod -m 666 "$R/dev/tty" c 5 0
mknod -m 600 "$R/dev/kmsg" c 1 11;  mknod -m 666 "$R/dev/fuse" c 10 229
mkdir "$R/dev/pts" "$R/dev/shm" "$R/dev/mqueue"
mount -t devpts devpts "$R/dev/pts" -o newinstance,ptmxmode=0666,mode=620,gid=5,nosuid,noexec
mount -t tmpfs  tmpfs  "$R/dev/shm" -o nosuid,nodev,mode=1777
mount -t mqueue mqueue "$R/dev/mqueue" -o nosuid,nodev,noexec
ln -s pts/ptmx "$R/dev/ptmx"; ln -s /proc/self/fd "$R/dev/fd"
for i in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${i%:*}" "$R/dev/${i#*:}"; done
: > "$R/dev/console"; mount --bind "$R/dev/null" "$R/dev/console"

# The host's cgroup hierarchies mounted anew; inside the cgroup namespace "/" is the node's own subtree.
if grep -q '^v1' "$N/cgroups"; then
    mount -t tmpfs tmpfs "$R/sys/fs/cgroup" -o nosuid,nodev,noexec,mode=755
    while read -r version mount options; do
        d=$R/sys/fs/cgroup/$(basename "$mount"); mkdir -p "$d"
        if [ "$version" = v2 ]; then mount -t cgroup2 cgroup2 "$d" -o nosuid,nodev,noexec
        else mount -t cgroup cgroup "$d" -o "nosuid,nodev,noexec,$options"; fi
    done < "$N/cgroups"
    # Read-only from here on: otherwise systemd adds directories for controllers that the host does not mount.
    mount -o remount,ro "$R/sys/fs/cgroup"
else
    mount -t cgroup2 cgroup2 "$R/sys/fs/cgroup" -o nosuid,nodev,noexec
fi

hostname "$NODE"
ip link set lo up
cd "$R"; mkdir -p .oldroot; pivot_root . .oldroot
umount -l /.oldroot; rmdir /.oldroot
mount --make-rshared /                              # as on a real machine; mounts propagate into pods
exec env -i container="$NETNS" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=linux \
    /sbin/init --log-target=journal --show-status=no
