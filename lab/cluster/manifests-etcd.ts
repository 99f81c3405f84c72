import { addressOf, MASTERS, type LabSettings } from '../settings.ts';
import {
  controlPlanePod,
  etcdEndpoints,
  localProbe,
  RESOURCES_MOUNT,
  type ManifestInput,
  type Pod,
} from './pod.ts';
import { ETCD_BOOTSTRAP_MARK, ETCD_CERTS, RESOURCES } from './paths.ts';

const CA = `${ETCD_CERTS}/configmaps/etcd-all-bundles/server-ca-bundle.crt`;
const SECRETS = `${ETCD_CERTS}/secrets/etcd-all-certs`;
/** Where the lab puts etcd-start.sh, as OpenShift puts its etcd scripts there. */
export const ETCD_SCRIPTS = `${ETCD_CERTS}/configmaps/etcd-scripts`;

const READYZ_PORT = 9980;
const READYZ_PROBE = localProbe('HTTPS', READYZ_PORT, '/readyz');

export function etcdPod({ settings, images, platform }: ManifestInput, node: string): Pod {
  const env = environment(settings, node);
  const common = { image: images.etcdImage, imagePullPolicy: 'IfNotPresent', env };
  const volumeMounts = [
    { mountPath: RESOURCES, name: 'resources' },
    { mountPath: '/var/lib/etcd', name: 'data-dir' },
  ];
  return controlPlanePod({
    name: 'etcd',
    namespace: 'openshift-etcd',
    labels: { app: 'etcd', 'k8s-app': 'etcd', etcd: 'true' },
    gracePeriod: 10,
    volumes: { resources: RESOURCES, 'data-dir': '/var/lib/etcd' },
    initContainers: [ensureEnvVars(node, common)],
    containers: [
      {
        name: 'etcdctl',
        ...common,
        command: ['/bin/sh', '-c', "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"],
        volumeMounts,
      },
      {
        name: 'etcd',
        ...common,
        terminationMessagePolicy: 'FallbackToLogsOnError',
        command: ['/bin/sh', `${ETCD_SCRIPTS}/etcd-start.sh`],
        args: etcdFlags(settings, node),
        ports: [
          { containerPort: 2379, name: 'etcd' },
          { containerPort: 2380, name: 'etcd-peer' },
        ],
        startupProbe: { ...localProbe('HTTP', 9978, '/livez'), periodSeconds: 1, failureThreshold: 300 },
        livenessProbe: { ...localProbe('HTTP', 9978, '/livez'), failureThreshold: 6, timeoutSeconds: 5 },
        readinessProbe: {
          ...(platform === 'none' ? localProbe('HTTP', 9978, '/readyz') : READYZ_PROBE),
          periodSeconds: 5,
          timeoutSeconds: 5,
        },
        resources: { requests: { cpu: '50m', memory: '100Mi' } },
        volumeMounts,
      },
      ...(platform === 'none' ? [] : [readyz(node, common)]),
    ],
  });
}

/** Answers on 9980 for the member beside it, by a local read: what the guard pod asks (etcd-recovery §3.7, §3.8). */
function readyz(node: string, common: Record<string, unknown>): Record<string, unknown> {
  return {
    name: 'etcd-readyz',
    ...common,
    command: ['/usr/bin/etcd-readyz'],
    args: [
      `--serving-cert-file=${SECRETS}/etcd-serving-${node}.crt`,
      `--serving-key-file=${SECRETS}/etcd-serving-${node}.key`,
    ],
    ports: [{ containerPort: READYZ_PORT, name: 'readyz' }],
    resources: { requests: { cpu: '10m', memory: '10Mi' } },
    volumeMounts: [RESOURCES_MOUNT],
  };
}

/** The same test, and in substance the same words, as OpenShift's etcd-ensure-env-vars. */
function ensureEnvVars(node: string, common: Record<string, unknown>): Record<string, unknown> {
  const name = `NODE_${variable(node)}`;
  const script = [
    `: "\${${name}_ETCD_URL_HOST?not set}" "\${${name}_IP?not set}"`,
    isNodeIp('node IP', `${name}_IP`),
    isNodeIp('etcd url host', `${name}_ETCD_URL_HOST`),
  ];
  return {
    name: 'etcd-ensure-env-vars',
    ...common,
    terminationMessagePolicy: 'FallbackToLogsOnError',
    command: ['/bin/sh', '-c'],
    args: [`${script.join('\n')}\n`],
  };
}

function isNodeIp(what: string, key: string): string {
  return `[ "$${key}" = "$NODE_IP" ] || { echo "Expected ${what} to be $NODE_IP got $${key}" >&2; exit 1; }`;
}

function etcdFlags(settings: LabSettings, node: string): string[] {
  return [
    '--logger=zap',
    '--log-level=info',
    '--snapshot-count=10000',
    '--quota-backend-bytes=2147483648',
    // Three members share a machine whose disk others keep busy: the vendor's values for slow disks.
    '--heartbeat-interval=250',
    '--election-timeout=2500',
    '--client-cert-auth=true',
    `--trusted-ca-file=${CA}`,
    `--cert-file=${SECRETS}/etcd-serving-${node}.crt`,
    `--key-file=${SECRETS}/etcd-serving-${node}.key`,
    '--peer-client-cert-auth=true',
    `--peer-trusted-ca-file=${CA}`,
    `--peer-cert-file=${SECRETS}/etcd-peer-${node}.crt`,
    `--peer-key-file=${SECRETS}/etcd-peer-${node}.key`,
    '--listen-client-urls=https://0.0.0.0:2379',
    `--advertise-client-urls=https://${addressOf(settings, node)}:2379`,
    '--listen-peer-urls=https://0.0.0.0:2380',
    '--listen-metrics-urls=http://127.0.0.1:9978',
    '--initial-cluster-token=openshift-etcd-lab',
    '--strict-reconfig-check=true',
  ];
}

function environment(settings: LabSettings, node: string): unknown[] {
  const endpoints = etcdEndpoints(settings).join(',');
  const peerUrl = (master: string) => `https://${addressOf(settings, master)}:2380`;
  const values: Record<string, string> = {
    ALL_ETCD_ENDPOINTS: endpoints,
    ETCDCTL_API: '3',
    ETCDCTL_ENDPOINTS: endpoints,
    ETCDCTL_CACERT: CA,
    ETCDCTL_CERT: `${SECRETS}/etcd-peer-${node}.crt`,
    ETCDCTL_KEY: `${SECRETS}/etcd-peer-${node}.key`,
    ETCD_NAME: node,
    ETCD_DATA_DIR: '/var/lib/etcd',
    ETCD_INITIAL_ADVERTISE_PEER_URLS: peerUrl(node),
    ETCD_BOOTSTRAP_CLUSTER: MASTERS.map((master) => `${master}=${peerUrl(master)}`).join(','),
    ETCD_BOOTSTRAP_MARK,
  };
  for (const master of MASTERS) {
    values[`NODE_${variable(master)}_ETCD_NAME`] = master;
    values[`NODE_${variable(master)}_ETCD_URL_HOST`] = addressOf(settings, master);
    values[`NODE_${variable(master)}_IP`] = addressOf(settings, master);
  }
  return [
    ...Object.entries(values).map(([name, value]) => ({ name, value })),
    { name: 'NODE_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
  ];
}

/** A node's name as part of an environment variable. */
function variable(node: string): string {
  return node.replaceAll('-', '_');
}
