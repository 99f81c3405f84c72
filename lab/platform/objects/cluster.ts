import { createHash, randomUUID } from 'node:crypto';
import { SERVICE_NETWORK } from '../../cluster/certificates.ts';
import type { Condition } from '../../operator/rules/types.ts';
import { apiIntName, type LabSettings } from '../../settings.ts';
import { collection, seconds, type PlatformObject } from './object.ts';

const CONFIG = 'config.openshift.io';
export const CLUSTER_VERSIONS = collection(CONFIG, 'v1', 'clusterversions');
export const CLUSTER_OPERATORS = collection(CONFIG, 'v1', 'clusteroperators');

/** Those that a recovery waits for, and a few that must stay as they are; the real cluster has some thirty. */
export const CLUSTER_OPERATOR_NAMES = [
  'authentication',
  'cloud-controller-manager',
  'config-operator',
  'dns',
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'machine-api',
  'machine-approver',
  'machine-config',
  'network',
  'openshift-apiserver',
] as const;

const CLUSTER_NETWORK = [{ cidr: '10.128.0.0/14', hostPrefix: 23 }];

/**
 * Release, topology and network of the cluster: what makes a recovery refuse (unknown release, not highly available,
 * an upgrade under way) or go on. Sources: etcd-recovery §4 and §8.1; design §4.
 */
export function clusterConfig(settings: LabSettings, release: string, now: Date): PlatformObject[] {
  return [clusterVersion(release, now), infrastructure(settings), network()];
}

function clusterVersion(release: string, now: Date): PlatformObject {
  const spec = { clusterID: randomUUID(), channel: `stable-${release.split('.').slice(0, 2).join('.')}` };
  return {
    path: CLUSTER_VERSIONS,
    body: {
      apiVersion: `${CONFIG}/v1`,
      kind: 'ClusterVersion',
      metadata: { name: 'version' },
      spec,
      status: clusterVersionStatus(release, now),
    },
  };
}

/** A cluster that has arrived at `release` and goes nowhere. */
export function clusterVersionStatus(release: string, now: Date): Record<string, unknown> {
  const time = seconds(now);
  const image = releaseImage(release);
  const condition = (type: string, status: Condition['status'], message?: string): Condition => ({
    type,
    status,
    lastTransitionTime: time,
    ...(message === undefined ? {} : { message }),
  });
  return {
    desired: { version: release, image },
    history: [
      {
        state: 'Completed',
        version: release,
        image,
        startedTime: time,
        completionTime: time,
        verified: false,
      },
    ],
    conditions: [
      condition('Available', 'True', `Done applying ${release}`),
      condition('Failing', 'False'),
      condition('Progressing', 'False', `Cluster version is ${release}`),
      condition('Upgradeable', 'True'),
    ],
    observedGeneration: 1,
    versionHash: createHash('sha256').update(release).digest('base64url').slice(0, 12),
    availableUpdates: null,
  };
}

function releaseImage(release: string): string {
  return `lab.local/release@sha256:${createHash('sha256').update(release).digest('hex')}`;
}

function infrastructure(settings: LabSettings): PlatformObject {
  const { name, domain } = settings;
  return {
    path: collection(CONFIG, 'v1', 'infrastructures'),
    body: {
      apiVersion: `${CONFIG}/v1`,
      kind: 'Infrastructure',
      metadata: { name: 'cluster' },
      spec: { platformSpec: { type: 'None' } },
      status: {
        infrastructureName: infrastructureName(settings),
        platform: 'None',
        platformStatus: { type: 'None' },
        controlPlaneTopology: 'HighlyAvailable',
        infrastructureTopology: 'HighlyAvailable',
        cpuPartitioning: 'None',
        apiServerURL: `https://api.${domain}:6443`,
        apiServerInternalURI: `https://${apiIntName(settings)}:6443`,
        etcdDiscoveryDomain: `${name}.${domain}`,
      },
    },
  };
}

/** The installer's: the cluster's name and five letters that tell two of the same name apart. */
export function infrastructureName({ name, subnet }: LabSettings): string {
  return `${name}-${createHash('sha256').update(subnet).digest('hex').slice(0, 5)}`;
}

function network(): PlatformObject {
  const config = {
    clusterNetwork: CLUSTER_NETWORK,
    serviceNetwork: [SERVICE_NETWORK],
    networkType: 'OVNKubernetes',
  };
  return {
    path: collection(CONFIG, 'v1', 'networks'),
    body: {
      apiVersion: `${CONFIG}/v1`,
      kind: 'Network',
      metadata: { name: 'cluster' },
      spec: config,
      status: { ...config, clusterNetworkMTU: 1400 },
    },
  };
}

/** Every ClusterOperator available and settled; those with a stand-in of their own are kept up by it. */
export function clusterOperators(release: string, now: Date): PlatformObject[] {
  return CLUSTER_OPERATOR_NAMES.map((name) => ({
    path: CLUSTER_OPERATORS,
    body: {
      apiVersion: `${CONFIG}/v1`,
      kind: 'ClusterOperator',
      metadata: { name },
      spec: {},
      status: {
        conditions: settled(now),
        versions: versionsOf(name, release),
        relatedObjects: [],
        extension: null,
      },
    },
  }));
}

/** The operand is listed beside the operator where the operand has a version of its own. */
export function versionsOf(name: string, release: string): { name: string; version: string }[] {
  const rows = ['raw-internal', 'operator', name === 'etcd' ? 'etcd' : ''].filter(Boolean);
  return rows.map((row) => ({ name: row, version: release }));
}

function settled(now: Date): Condition[] {
  const condition = (type: string, status: Condition['status']): Condition => ({
    type,
    status,
    reason: 'AsExpected',
    message: 'All is well',
    lastTransitionTime: seconds(now),
  });
  return [
    condition('Degraded', 'False'),
    condition('Progressing', 'False'),
    condition('Available', 'True'),
    condition('Upgradeable', 'True'),
  ];
}
