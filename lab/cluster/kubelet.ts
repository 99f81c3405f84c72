import { stringify } from 'yaml';
import { BOOTSTRAP_KUBECONFIG, KUBELET_KUBECONFIG, MANIFESTS } from './paths.ts';

/** `/etc/kubernetes/kubelet.conf`: OpenShift's choices, and below them what a small lab without a registry needs. */
export function kubeletConfig(cgroupDriver: string): string {
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    staticPodPath: MANIFESTS,
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: '/etc/kubernetes/kubelet-ca.crt' },
    },
    authorization: { mode: 'Webhook' },
    rotateCertificates: true,
    serverTLSBootstrap: true,
    nodeStatusUpdateFrequency: '10s',
    nodeStatusReportFrequency: '5m',
    enforceNodeAllocatable: ['pods'],
    clusterDomain: 'cluster.local',
    resolvConf: '/etc/resolv.conf',
    volumePluginDir: '/var/lib/kubelet/volumeplugins',
    cgroupDriver,
    cgroupRoot: '/',
    failCgroupV1: false,
    failSwapOn: false,
    // Containers may not have CAP_SYS_RESOURCE here, and the machine's hard limit may be as low as 20000.
    maxOpenFiles: 16_384,
    // An image that is collected can never be pulled again: there is no registry.
    imageGCHighThresholdPercent: 100,
    imageMaximumGCAge: '0s',
    evictionHard: {
      'memory.available': '50Mi',
      'nodefs.available': '1%',
      'nodefs.inodesFree': '1%',
      'imagefs.available': '1%',
    },
    logging: { verbosity: 2 },
  });
}

/** OpenShift's unit: the same flags, restart policy and interval. */
export function kubeletUnit(node: string): string {
  return `[Unit]
Description=Kubernetes Kubelet
Requires=containerd.service
Wants=lab-images.service network-online.target
After=containerd.service lab-images.service network-online.target

[Service]
Type=notify
EnvironmentFile=-/etc/kubernetes/kubelet-env
Environment=KUBELET_NODE_NAME=${node}
ExecStart=/usr/local/bin/kubelet \\
  --config=/etc/kubernetes/kubelet.conf \\
  --bootstrap-kubeconfig=${BOOTSTRAP_KUBECONFIG} \\
  --kubeconfig=${KUBELET_KUBECONFIG} \\
  --hostname-override=\${KUBELET_NODE_NAME} $KUBELET_EXTRA_ARGS
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
`;
}

/**
 * Imports the images before the kubelet starts, once: the mark survives reboots. Each gets its digest as a second
 * name, since pods ask for it by that and there is no registry to ask.
 */
export const IMAGES_UNIT = `[Unit]
Description=Import the container images of the control plane (first boot)
After=containerd.service
Requires=containerd.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/bash -ec 'for i in pause etcd hyperkube; do \\
  [ -e /var/lib/containerd/.imported-$i ] && continue; \\
  ctr -n k8s.io image import --local --discard-unpacked-layers /opt/lab/images/$i.tar; \\
  ctr -n k8s.io image tag --force $(cat /opt/lab/images/$i.names); \\
  touch /var/lib/containerd/.imported-$i; done'
`;
