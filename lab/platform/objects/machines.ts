import type { Condition } from '../../operator/rules/types.ts';
import { addressOf, MASTERS, type LabSettings } from '../../settings.ts';
import { machineAddresses, MACHINE_NAMESPACE, MACHINES } from '../machines.ts';
import { infrastructureName } from './cluster.ts';
import { collection, seconds, type PlatformObject } from './object.ts';

const MACHINE = 'machine.openshift.io';
const POOL = 'machineconfiguration.openshift.io';
const MASTER_ROLE = { 'machine.openshift.io/cluster-api-machine-role': 'master' };

/**
 * A Machine per master, with the hook by which the etcd operator keeps it from being drained: without the hook, or
 * with another address in its status, the operator adds no member for its node (etcd-recovery §3.4).
 */
export function machines(settings: LabSettings, nodeUids: Record<string, string>): PlatformObject[] {
  return MASTERS.map((node) => ({
    path: MACHINES,
    body: {
      apiVersion: `${MACHINE}/v1beta1`,
      kind: 'Machine',
      metadata: {
        name: machineName(settings, node),
        namespace: MACHINE_NAMESPACE,
        labels: { ...MASTER_ROLE, 'machine.openshift.io/cluster-api-cluster': infrastructureName(settings) },
        finalizers: ['machine.machine.openshift.io'],
      },
      spec: {
        lifecycleHooks: { preDrain: [{ name: 'EtcdQuorumOperator', owner: 'clusteroperator/etcd' }] },
        metadata: {},
        providerSpec: {},
      },
      status: {
        phase: 'Running',
        addresses: machineAddresses([
          { type: 'InternalIP', address: addressOf(settings, node) },
          { type: 'Hostname', address: node },
        ]),
        nodeRef: { kind: 'Node', name: node, uid: nodeUids[node] ?? '' },
      },
    },
  }));
}

/** Not the node's name: whoever takes one for the other is wrong on most providers. */
export function machineName(settings: LabSettings, node: string): string {
  return `${infrastructureName(settings)}-${node}`;
}

/**
 * The two that would replace or reboot a master in the middle of a recovery, and are paused meanwhile: an annotation
 * on the one, `pauseRequests` on the other (design §4 "Other remediators are paused"). Nothing acts on them here.
 */
export function remediators(): PlatformObject[] {
  return [
    {
      path: collection(MACHINE, 'v1beta1', 'machinehealthchecks', MACHINE_NAMESPACE),
      body: {
        apiVersion: `${MACHINE}/v1beta1`,
        kind: 'MachineHealthCheck',
        metadata: { name: 'control-plane', namespace: MACHINE_NAMESPACE },
        spec: {
          selector: { matchLabels: MASTER_ROLE },
          maxUnhealthy: 1,
          nodeStartupTimeout: '10m',
          unhealthyConditions: [
            { type: 'Ready', status: 'Unknown', timeout: '300s' },
            { type: 'Ready', status: 'False', timeout: '300s' },
          ],
        },
        status: { expectedMachines: 3, currentHealthy: 3, remediationsAllowed: 1 },
      },
    },
    {
      path: collection('remediation.medik8s.io', 'v1alpha1', 'nodehealthchecks'),
      body: {
        apiVersion: 'remediation.medik8s.io/v1alpha1',
        kind: 'NodeHealthCheck',
        metadata: { name: 'control-plane' },
        spec: {
          selector: {
            matchExpressions: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }],
          },
          minHealthy: '51%',
          unhealthyConditions: [
            { type: 'Ready', status: 'Unknown', duration: '300s' },
            { type: 'Ready', status: 'False', duration: '300s' },
          ],
        },
        status: { phase: 'Enabled', observedNodes: 3, healthyNodes: 3 },
      },
    },
  ];
}

/** The configuration that a pool's nodes carry, by name. */
export function renderedConfig(pool: string): string {
  return `rendered-${pool}-5d8f3b7c1e0a9264`;
}

/** Pools that have rolled out everything they have: a recovery waits while one is Updating (etcd-recovery §8.1). */
export function machineConfigPools(now: Date): PlatformObject[] {
  return [
    { name: 'master', count: MASTERS.length },
    { name: 'worker', count: 0 },
  ].map(({ name, count }) => ({
    path: collection(POOL, 'v1', 'machineconfigpools'),
    body: {
      apiVersion: `${POOL}/v1`,
      kind: 'MachineConfigPool',
      metadata: { name, labels: { [`pools.operator.${POOL}/${name}`]: '' } },
      spec: {
        paused: false,
        configuration: { name: renderedConfig(name) },
        nodeSelector: { matchLabels: { [`node-role.kubernetes.io/${name}`]: '' } },
      },
      status: {
        observedGeneration: 1,
        configuration: { name: renderedConfig(name) },
        machineCount: count,
        readyMachineCount: count,
        updatedMachineCount: count,
        unavailableMachineCount: 0,
        degradedMachineCount: 0,
        conditions: poolConditions(name, now),
      },
    },
  }));
}

function poolConditions(name: string, now: Date): Condition[] {
  const condition = (type: string, status: Condition['status'], message = ''): Condition => ({
    type,
    status,
    reason: '',
    message,
    lastTransitionTime: seconds(now),
  });
  return [
    condition('RenderDegraded', 'False'),
    condition('NodeDegraded', 'False'),
    condition('Degraded', 'False'),
    condition('Updated', 'True', `All nodes are updated with ${renderedConfig(name)}`),
    condition('Updating', 'False'),
  ];
}
