import type {
  ClusterVersionObject,
  EtcdPodObject,
  MachineObject,
  MasterNodeObject,
  PoolObject,
  StaticPodOperatorObject,
} from '../../../activities/connections/platform-objects.ts';
import { envSafe } from '../../../domain/etcd/names.ts';

/** OpenShift's objects around three healthy masters, as far as a look at etcd reads them. */

const masterLabels = { 'node-role.kubernetes.io/control-plane': '', 'node-role.kubernetes.io/master': '' };
const machineLabels = { 'machine.openshift.io/cluster-api-machine-role': 'master' };

export function nodeObject(name: string, address: string): MasterNodeObject {
  return {
    metadata: { name, uid: `uid-${name}`, labels: masterLabels },
    status: {
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
    },
  };
}

export function machineObject(node: string, address: string): MachineObject {
  return {
    metadata: { name: `lab-x1-${node}`, labels: machineLabels },
    spec: { lifecycleHooks: { preDrain: [{ name: 'EtcdQuorumOperator', owner: 'clusteroperator/etcd' }] } },
    status: {
      phase: 'Running',
      addresses: [{ type: 'InternalIP', address }],
      nodeRef: { name: node },
    },
  };
}

export function podObject(node: string, [address = '', ...others]: string[]): EtcdPodObject {
  const endpoints = [address, ...others].map((host) => `https://${host}:2379`).join(',');
  return {
    metadata: { name: `etcd-${node}`, uid: `uid-pod-${node}`, labels: { app: 'etcd', revision: '2' } },
    spec: {
      containers: [
        { name: 'etcdctl', env: [{ name: 'ALL_ETCD_ENDPOINTS', value: 'another container’s' }] },
        {
          name: 'etcd',
          env: [
            { name: 'ALL_ETCD_ENDPOINTS', value: endpoints },
            { name: 'ETCDCTL_KEY', value: '/etc/key' },
            { name: `NODE_${envSafe(node)}_IP`, value: address },
            { name: `NODE_${envSafe(node)}_ETCD_URL_HOST`, value: address },
            { name: 'NODE_IP' },
          ],
        },
      ],
    },
    status: {
      podIPs: [{ ip: address }],
      initContainerStatuses: [
        { name: 'setup', ready: true, state: { terminated: { exitCode: 0, reason: 'Completed' } } },
      ],
      containerStatuses: [{ name: 'etcd', ready: true, restartCount: 0, state: { running: {} } }],
    },
  };
}

export function operatorObject(nodes: string[]): StaticPodOperatorObject {
  return {
    metadata: { resourceVersion: '891' },
    spec: { managementState: 'Managed', unsupportedConfigOverrides: null },
    status: {
      latestAvailableRevision: 2,
      // The real one leaves out what is zero.
      nodeStatuses: nodes.map((nodeName) => ({ nodeName, currentRevision: 2 })),
      conditions: [
        { type: 'RevisionControllerDegraded', status: 'False', reason: 'AsExpected' },
        { type: 'EtcdEndpointsDegraded', status: 'False', reason: 'EtcdEndpointsUpdated' },
        { type: 'NodeInstallerProgressing', status: 'False', reason: 'AllNodesAtLatestRevision' },
      ],
    },
  };
}

export function versionObject(): ClusterVersionObject {
  return {
    status: {
      history: [
        { state: 'Completed', version: '4.23.0', startedTime: '2026-11-01T00:00:00Z' },
        { state: 'Completed', version: '4.22.3', startedTime: '2026-08-01T00:00:00Z' },
      ],
      conditions: [{ type: 'Progressing', status: 'False' }],
    },
  };
}

export function poolObject(name: string): PoolObject {
  const conditions = [{ type: 'Updating', status: 'False', lastTransitionTime: '2026-11-01T00:00:00Z' }];
  return { metadata: { name }, status: { conditions } };
}

export const machineHealthCheck = {
  metadata: { name: 'control-plane', namespace: 'openshift-machine-api' },
  spec: { selector: { matchLabels: machineLabels } },
};

export const nodeHealthCheck = {
  metadata: { name: 'control-plane' },
  spec: {
    selector: { matchExpressions: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }] },
  },
};
