import { pausesIn } from '../../domain/etcd/pausing.ts';
import type {
  ClusterVersion,
  EtcdOperator,
  Json,
  MachineConfigPool,
  OperatorCondition,
  OperatorNode,
  Remediator,
} from '../../domain/etcd/platform.ts';
import { readLeaseIn } from '../../domain/lease-rules.ts';
import type { Condition } from '../connections/objects.ts';
import type {
  ClusterVersionObject,
  LabelSelector,
  MachineHealthCheckObject,
  NodeHealthCheckObject,
  PoolObject,
  StaticPodOperatorObject,
} from '../connections/platform-objects.ts';
import { redact, verbatim } from '../redact.ts';
import { conditionOf } from './parse-objects.ts';

/** OpenShift's objects → ours. Pure. What has to be there and is not is an Error: then the reading is unknown. */

export function parseEtcdOperator(object: StaticPodOperatorObject): EtcdOperator {
  const { metadata = {}, spec = {}, status } = object;
  if (!status || status.latestAvailableRevision === undefined) throw new Error('it has no status yet');
  const overrides = spec.unsupportedConfigOverrides as Json | undefined;
  return {
    resourceVersion: verbatim(metadata.resourceVersion ?? '', 60),
    managementState: redact(spec.managementState ?? '', 40),
    ...(overrides === undefined || overrides === null ? {} : { overrides }),
    lease: readLeaseIn(object, 'etcd-unsafe-override'),
    forceRedeploymentReason: redact(spec.forceRedeploymentReason ?? '', 200),
    latestAvailableRevision: revision(status.latestAvailableRevision),
    nodeStatuses: parseNodeStatuses(status.nodeStatuses),
    conditions: parseConditions(status.conditions),
  };
}

export function parseNodeStatuses(
  statuses: NonNullable<StaticPodOperatorObject['status']>['nodeStatuses'] = [],
): OperatorNode[] {
  return statuses.map(({ nodeName = '', currentRevision, targetRevision, lastFailedRevision }) => ({
    nodeName: verbatim(nodeName, 253),
    currentRevision: revision(currentRevision),
    targetRevision: revision(targetRevision),
    lastFailedRevision: revision(lastFailedRevision),
  }));
}

/** Zero where the field is absent. */
function revision(written: number | undefined): number {
  const value = written ?? 0;
  if (!Number.isSafeInteger(value) || value < 0) throw new Error('a revision that is no number');
  return value;
}

export function parseConditions(conditions: Condition[] = []): OperatorCondition[] {
  return conditions.map(({ type = '', status, reason = '', message = '', lastTransitionTime }) => ({
    type: redact(type, 100),
    status: status === 'True' || status === 'False' ? status : 'Unknown',
    reason: redact(reason, 100),
    message: redact(message, 600),
    since: timeOf(lastTransitionTime),
  }));
}

export function parseClusterVersion({ status = {} }: ClusterVersionObject): ClusterVersion {
  const [newest] = status.history ?? [];
  if (!newest?.version) throw new Error('its history is empty');
  return {
    version: verbatim(newest.version, 80),
    state: newest.state === 'Completed' ? 'Completed' : 'Partial',
    since: timeOf(newest.startedTime),
    progressing: conditionOf(status.conditions, 'Progressing')?.status !== 'False',
  };
}

/** A pool that does not say that it is not updating is taken for one that does. */
export function parsePool({ metadata = {}, status = {} }: PoolObject): MachineConfigPool {
  const updating = conditionOf(status.conditions, 'Updating');
  return {
    name: verbatim(metadata.name ?? '', 253),
    updating: updating?.status !== 'False',
    since: timeOf(updating?.lastTransitionTime),
  };
}

export interface RemediatorObjects {
  machineChecks: MachineHealthCheckObject[];
  nodeChecks: NodeHealthCheckObject[];
  /** Labels of the masters' Machines and Nodes; undefined: not known, and then each of them might be meant. */
  machineLabels: Record<string, string>[] | undefined;
  nodeLabels: Record<string, string>[] | undefined;
}

export function parseRemediators(objects: RemediatorObjects): Remediator[] {
  const { machineChecks, nodeChecks, machineLabels, nodeLabels } = objects;
  return [
    ...machineChecks.map((object) => {
      const namespace = verbatim(object.metadata?.namespace ?? '', 63);
      return remediator('MachineHealthCheck', namespace, object, machineLabels);
    }),
    ...nodeChecks.map((object) => remediator('NodeHealthCheck', '', object, nodeLabels)),
  ];
}

function remediator(
  kind: Remediator['kind'],
  namespace: string,
  object: MachineHealthCheckObject | NodeHealthCheckObject,
  labels: Record<string, string>[] | undefined,
): Remediator {
  const name = verbatim(object.metadata?.name ?? '', 253);
  const coversMasters = covers(object.spec?.selector, labels);
  return { kind, namespace, name, coversMasters, ...pausesIn(kind, object) };
}

function covers(selector: LabelSelector | undefined, all: Record<string, string>[] | undefined): boolean {
  return !all || all.some((labels) => selects(selector, labels));
}

/** As the API machinery selects: an empty selector takes everything. An operator that is not known might, too. */
function selects(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector = {},
  labels: Record<string, string>,
): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key = '', operator, values = [] }) => {
      const value = labels[key];
      if (operator === 'Exists') return value !== undefined;
      if (operator === 'DoesNotExist') return value === undefined;
      if (operator === 'In') return value !== undefined && values.includes(value);
      return operator !== 'NotIn' || value === undefined || !values.includes(value);
    })
  );
}

/** ISO 8601; empty for what is no time. */
function timeOf(written: string | undefined): string {
  const ms = Date.parse(written ?? '');
  return Number.isNaN(ms) ? '' : new Date(ms).toISOString();
}
