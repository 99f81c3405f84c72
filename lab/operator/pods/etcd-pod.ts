import type { ControlPlaneImages } from '../../cluster/pod.ts';
import type { Profile } from '../rules/profiles.ts';
import type { Master } from '../rules/types.ts';

const CERTS = '/etc/kubernetes/static-pod-certs';
const BUNDLE = `${CERTS}/configmaps/etcd-all-bundles/server-ca-bundle.crt`;
const SECRETS = `${CERTS}/secrets/etcd-all-certs`;
const SCRIPTS = `${CERTS}/configmaps/etcd-scripts`;

/** Where each volume lies on the node; the resource directory has its revision in its name. */
const VOLUMES = {
  'static-pod-dir': '/etc/kubernetes/manifests',
  'resource-dir': '/etc/kubernetes/static-pod-resources/etcd-pod-REVISION',
  'cert-dir': '/etc/kubernetes/static-pod-resources/etcd-certs',
  'data-dir': '/var/lib/etcd',
};

const MOUNTS = {
  static: { mountPath: '/etc/kubernetes/manifests', name: 'static-pod-dir' },
  resources: { mountPath: '/etc/kubernetes/static-pod-resources', name: 'resource-dir' },
  certs: { mountPath: CERTS, name: 'cert-dir' },
  data: { mountPath: '/var/lib/etcd', name: 'data-dir' },
};

/** Answers for the member beside it, to the kubelet and to the guard. */
const READYZ_PORT = 9980;

const SLEEP = ['/bin/sh', '-c', "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"];

export interface EtcdPodInput {
  masters: readonly Master[];
  /** Addresses of `etcd-endpoints`. */
  endpoints: readonly string[];
  images: ControlPlaneImages;
  profile: Profile;
}

/**
 * The etcd static pod for every node at once, as the ConfigMap `etcd-pod` holds it: the installer on a node puts
 * that node's name for NODE_NAME and NODE_ENVVAR_NAME, and the revision for REVISION. Names of containers, environment and
 * paths are the platform's; what runs in them is the lab's etcd.
 */
export function etcdPodTemplate({ masters, endpoints, images, profile }: EtcdPodInput): object {
  const env = environment(masters, endpoints, images);
  const version = { name: 'ETCD_STATIC_POD_VERSION', value: 'REVISION' };
  const common = {
    image: images.etcdImage,
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
  const container = (name: string, more: object) => ({ name, ...common, env: [...env, version], ...more });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'etcd',
      namespace: 'openshift-etcd',
      annotations: {
        'kubectl.kubernetes.io/default-container': 'etcd',
        'target.workload.openshift.io/management': '{"effect": "PreferredDuringScheduling"}',
      },
      labels: { app: 'etcd', 'k8s-app': 'etcd', etcd: 'true', revision: 'REVISION' },
    },
    spec: {
      hostNetwork: true,
      priorityClassName: 'system-node-critical',
      terminationGracePeriodSeconds: 30,
      tolerations: [{ operator: 'Exists' }],
      initContainers: [
        { name: 'setup', ...common, command: ['/bin/true'] },
        { name: 'etcd-ensure-env-vars', ...common, ...ensureEnvironment(env, profile) },
        { name: 'etcd-resources-copy', ...common, command: ['/bin/true'] },
      ],
      containers: [
        container('etcdctl', { command: SLEEP, volumeMounts: Object.values(MOUNTS) }),
        container('etcd', etcd()),
        container('etcd-metrics', { command: SLEEP }),
        container('etcd-readyz', readyz()),
        container('etcd-rev', {
          command: ['/bin/sh', `${SCRIPTS}/etcd-rev.sh`],
          volumeMounts: [MOUNTS.certs, MOUNTS.data],
        }),
      ],
      volumes: Object.entries(VOLUMES).map(([name, path]) => ({ name, hostPath: { path } })),
    },
  };
}

/** A node's name as part of an environment variable. */
export function variableOf(node: string): string {
  return node.replaceAll(/[-.]/g, '_');
}

function etcd(): object {
  return {
    command: ['/bin/sh', `${SCRIPTS}/etcd-start.sh`, 'NODE_NAME', '$(NODE_NODE_ENVVAR_NAME_ETCD_URL_HOST)'],
    args: flags(),
    ports: [
      { containerPort: 2379, name: 'etcd' },
      { containerPort: 2380, name: 'etcd-peer' },
    ],
    // A local read, no quorum: a ready pod proves nothing about the cluster, as in the real one.
    startupProbe: { ...serves('readyz'), periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 180 },
    livenessProbe: { ...serves('healthz'), periodSeconds: 5, timeoutSeconds: 30, failureThreshold: 20 },
    readinessProbe: { ...serves('readyz'), periodSeconds: 1, timeoutSeconds: 30, failureThreshold: 3 },
    resources: { requests: { cpu: '50m', memory: '100Mi' } },
    volumeMounts: Object.values(MOUNTS),
  };
}

function serves(path: string): object {
  return { httpGet: { host: '127.0.0.1', port: READYZ_PORT, path, scheme: 'HTTPS' } };
}

function readyz(): object {
  return {
    command: ['/usr/bin/etcd-readyz'],
    args: [
      `--serving-cert-file=${SECRETS}/etcd-serving-NODE_NAME.crt`,
      `--serving-key-file=${SECRETS}/etcd-serving-NODE_NAME.key`,
    ],
    ports: [{ containerPort: READYZ_PORT, name: 'readyz' }],
    resources: { requests: { cpu: '10m', memory: '10Mi' } },
    volumeMounts: [MOUNTS.certs],
  };
}

function flags(): string[] {
  return [
    '--logger=zap',
    '--log-level=info',
    '--snapshot-count=10000',
    '--initial-advertise-peer-urls=https://$(NODE_NODE_ENVVAR_NAME_IP):2380',
    `--cert-file=${SECRETS}/etcd-serving-NODE_NAME.crt`,
    `--key-file=${SECRETS}/etcd-serving-NODE_NAME.key`,
    `--trusted-ca-file=${BUNDLE}`,
    '--client-cert-auth=true',
    `--peer-cert-file=${SECRETS}/etcd-peer-NODE_NAME.crt`,
    `--peer-key-file=${SECRETS}/etcd-peer-NODE_NAME.key`,
    `--peer-trusted-ca-file=${BUNDLE}`,
    '--peer-client-cert-auth=true',
    '--advertise-client-urls=https://$(NODE_NODE_ENVVAR_NAME_IP):2379',
    '--listen-client-urls=https://0.0.0.0:2379',
    '--listen-peer-urls=https://0.0.0.0:2380',
    '--listen-metrics-urls=http://127.0.0.1:9978',
    '--strict-reconfig-check=true',
  ];
}

/** The variables of every container, of every master for every master. */
function environment(
  masters: readonly Master[],
  endpoints: readonly string[],
  images: ControlPlaneImages,
): { name: string; value: string }[] {
  const all = endpoints
    .toSorted()
    .map((address) => `https://${address}:2379`)
    .join(',');
  const values: Record<string, string> = {
    ALL_ETCD_ENDPOINTS: all,
    ETCDCTL_API: '3',
    ETCDCTL_CACERT: BUNDLE,
    ETCDCTL_CERT: `${SECRETS}/etcd-peer-NODE_NAME.crt`,
    ETCDCTL_ENDPOINTS: all,
    ETCDCTL_KEY: `${SECRETS}/etcd-peer-NODE_NAME.key`,
    ETCD_DATA_DIR: '/var/lib/etcd',
    ETCD_ELECTION_TIMEOUT: '2500',
    ETCD_HEARTBEAT_INTERVAL: '250',
    ETCD_IMAGE: images.etcdImage,
    ETCD_INITIAL_CLUSTER_STATE: 'existing',
    ETCD_MAX_LEARNERS: '3',
    ETCD_QUOTA_BACKEND_BYTES: '2147483648',
  };
  for (const { name, address } of masters) {
    values[`NODE_${variableOf(name)}_ETCD_NAME`] = name;
    values[`NODE_${variableOf(name)}_ETCD_URL_HOST`] = address;
    values[`NODE_${variableOf(name)}_IP`] = address;
  }
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

/** Refuses to start etcd under an address that the node no longer has. No condition of the operator ever tells. */
function ensureEnvironment(env: object[], { ensureEnv }: Profile): object {
  const check = (what: string, words: string) => {
    const refusal =
      ensureEnv === 'shell'
        ? `echo "Expected ${words} to be $NODE_IP got $${own(what)}" >&2`
        : `text="expected ${own(what)} to be $NODE_IP, got $${own(what)}"; printf 'Error: %s\\n%s\\n' "$text" "$text" >&2`;
    return `[ "$${own(what)}" = "$NODE_IP" ] || { ${refusal}; exit 1; }`;
  };
  return {
    command: ['/bin/sh', '-c'],
    args: [[check('IP', 'node IP'), check('ETCD_URL_HOST', 'etcd url host')].join('\n')],
    env: [...env, { name: 'NODE_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
  };
}

/** The node's own variable, before the installer puts its name in. */
function own(what: string): string {
  return `NODE_NODE_ENVVAR_NAME_${what}`;
}
