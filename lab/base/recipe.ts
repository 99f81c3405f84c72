/** What is in the nodes' Debian root. Everything here is hashed: a change makes a new root at the next `up`. */

export const SUITE = 'trixie';
export const LOGIN_USER = 'core';
export const PAUSE_IMAGE = 'lab.local/pause:1';

/** systemd and ssh as on a real master; the container runtime; what the kubelet calls; what node scripts call. */
export const PACKAGES = [
  ['systemd', 'systemd-sysv', 'dbus', 'openssh-server', 'sudo', 'mount', 'procps', 'kmod', 'ca-certificates'],
  [
    'containerd',
    'runc',
    'containernetworking-plugins',
    'iptables',
    'conntrack',
    'socat',
    'ethtool',
    'iproute2',
  ],
  ['etcd-server', 'etcd-client', 'haproxy', 'busybox-static'],
  ['openssl', 'jq', 'curl', 'iputils-ping'],
].flat();

/** Directories of documentation are half the download's size on disk and nobody reads them in a node. */
export const EXCLUDED = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*'];

/**
 * Units that a node does not want: timers that would disturb a measurement, and what belongs to hardware or to the
 * machine around (udev, modules, sysctl: /proc/sys and /sys are the host's). The packages' own etcd must not start.
 */
const MASKED = [
  ['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'fstrim.timer'],
  ['e2scrub_reap.service', 'getty.target', 'getty@tty1.service', 'console-getty.service'],
  [
    'systemd-firstboot.service',
    'systemd-udevd.service',
    'systemd-udev-trigger.service',
    'systemd-sysctl.service',
  ],
  ['systemd-modules-load.service', 'systemd-pcrphase.service', 'systemd-pcrphase-sysinit.service'],
  ['systemd-tpm2-setup.service', 'systemd-tpm2-setup-early.service', 'systemd-resolved.service'],
  ['systemd-networkd.service', 'systemd-timesyncd.service', 'etcd.service'],
  ['sys-kernel-debug.mount', 'sys-kernel-tracing.mount', 'sys-fs-fuse-connections.mount'],
  ['dev-hugepages.mount', 'dev-mqueue.mount'],
].flat();

/** Installed packages enable these; the lab decides per node instead. */
const NOT_ENABLED = ['haproxy.service'];

/** Symbolic links, path in the root to target. */
export const LINKS: Readonly<Record<string, string>> = {
  '/etc/systemd/system/default.target': '/lib/systemd/system/multi-user.target',
  ...Object.fromEntries(MASKED.map((unit) => [`/etc/systemd/system/${unit}`, '/dev/null'])),
};

/** Removed after the installation: ssh host keys and machine identity are made anew for every node. */
export const REMOVED = [
  ['/etc/hostname', '/etc/resolv.conf', '/var/lib/dbus/machine-id', '/etc/ssh/ssh_host_*'],
  NOT_ENABLED.map((unit) => `/etc/systemd/system/multi-user.target.wants/${unit}`),
].flat();

export const DIRECTORIES = [
  ['/etc/kubernetes/manifests', '/var/lib/kubelet', '/var/lib/etcd', '/var/log/journal'],
  ['/etc/cni/net.d', '/opt/cni/bin', '/opt/lab'],
].flat();

interface RootFile {
  content: string;
  mode?: number;
}

const CRI = 'plugins."io.containerd.grpc.v1.cri"';

/** Files, path in the root to content; mode 0644 unless said otherwise. */
export const FILES: Readonly<Record<string, RootFile>> = {
  '/etc/machine-id': { content: '' },
  '/etc/fstab': { content: '' },
  // pam_env complains on every login when it is missing.
  '/etc/default/locale': { content: 'LANG=C.UTF-8\n' },
  // The CRI plugin copies it for hostNetwork pods and fails without it. There is no name server in the lab.
  '/etc/resolv.conf': { content: 'options timeout:1 attempts:1\n' },
  [`/etc/sudoers.d/${LOGIN_USER}`]: { content: `${LOGIN_USER} ALL=(ALL) NOPASSWD:ALL\n`, mode: 0o440 },
  '/etc/ssh/sshd_config.d/lab.conf': {
    content: lines(
      'HostKey /etc/ssh/ssh_host_ed25519_key',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin no',
      `AllowUsers ${LOGIN_USER}`,
      'UseDNS no',
    ),
  },
  '/etc/systemd/journald.conf.d/lab.conf': {
    content: lines(
      '[Journal]',
      'Storage=persistent',
      'SystemMaxUse=64M',
      'ReadKMsg=no',
      'Audit=no',
      'RateLimitIntervalSec=0',
    ),
  },
  '/etc/systemd/system.conf.d/lab.conf': { content: lines('[Manager]', 'DefaultTimeoutStopSec=20s') },
  // The limits of Debian's unit cannot be raised in a container without CAP_SYS_RESOURCE.
  '/etc/systemd/system/containerd.service.d/lab.conf': {
    content: lines('[Service]', 'ExecStartPre=', 'OOMScoreAdjust=0'),
  },
  '/etc/containerd/config.toml': {
    content: lines(
      'version = 2',
      `[${CRI}]`,
      `  sandbox_image = "${PAUSE_IMAGE}"`,
      '  # Without CAP_SYS_RESOURCE nobody may lower oom_score_adj; ask only for what is permitted.',
      '  restrict_oom_score_adj = true',
      '  disable_apparmor = true',
      `  [${CRI}.cni]`,
      '    bin_dir = "/usr/lib/cni"',
      '    conf_dir = "/etc/cni/net.d"',
      `  [${CRI}.containerd]`,
      '    snapshotter = "overlayfs"',
      `    [${CRI}.containerd.runtimes.runc]`,
      '      runtime_type = "io.containerd.runc.v2"',
      `      [${CRI}.containerd.runtimes.runc.options]`,
      '        SystemdCgroup = false  # right on cgroup v1; the lab writes its own file where it must be true',
    ),
  },
  '/etc/crictl.yaml': {
    content: lines(
      'runtime-endpoint: unix:///run/containerd/containerd.sock',
      'image-endpoint: unix:///run/containerd/containerd.sock',
    ),
  },
};

function lines(...text: readonly string[]): string {
  return `${text.join('\n')}\n`;
}
