import { setImmediate } from 'node:timers/promises';
import type {
  BootstrapSecret,
  ClientCsr,
  MirrorPod,
  NodeStatus,
  Signer,
} from '../../domain/control-plane.ts';
import type { OperatorPods } from '../../domain/platform-view.ts';
import type {
  Condition,
  CsrObject,
  LeaseObject,
  NodeObject,
  ObjectMeta,
  PodObject,
  SecretObject,
} from '../connections/objects.ts';
import { redact, verbatim } from '../redact.ts';
import { readRequest } from './certificates.ts';

/** Kubernetes' objects → ours. Pure. */

const masterLabels = ['node-role.kubernetes.io/master', 'node-role.kubernetes.io/control-plane'];

export function parseNode({ metadata = {}, status }: NodeObject, lease?: LeaseObject): NodeStatus {
  const renewed = lease?.spec?.renewTime;
  return {
    uid: metadata.uid ?? '',
    isMaster: masterLabels.some((label) => label in (metadata.labels ?? {})),
    ...readinessOf(conditionOf(status?.conditions, 'Ready') ?? {}),
    ...(renewed === undefined ? {} : { leaseRenewedAt: iso(renewed) ?? redact(renewed, 40) }),
  };
}

function readinessOf({
  status,
  reason = '',
  message = '',
  lastTransitionTime = '',
}: Condition): Pick<NodeStatus, 'ready' | 'readySince' | 'readyReason' | 'readyMessage'> {
  const since = iso(lastTransitionTime);
  return {
    ...(since === undefined ? {} : { readySince: since }),
    ready: status === 'True' || status === 'False' ? status : 'Unknown',
    readyReason: redact(reason, 100),
    readyMessage: redact(message, 300),
  };
}

const mirrorAnnotation = 'kubernetes.io/config.mirror';

/** Those of a node's pods that mirror a manifest on its disk. */
export function parseMirrorPods(pods: PodObject[]): MirrorPod[] {
  return pods.flatMap((pod) => {
    const configHash = pod.metadata?.annotations?.[mirrorAnnotation];
    return configHash === undefined ? [] : parseMirrorPod(pod, verbatim(configHash, 100));
  });
}

function parseMirrorPod(pod: PodObject, configHash: string): MirrorPod {
  const { namespace = '', name = '', uid = '', deletionTimestamp } = pod.metadata ?? {};
  const statusTime = statusTimeOf(pod);
  return {
    namespace,
    name,
    uid,
    configHash,
    phase: redact(pod.status?.phase ?? '', 40),
    ready: conditionOf(pod.status?.conditions, 'Ready')?.status === 'True',
    ...(statusTime === undefined ? {} : { statusTime }),
    terminating: deletionTimestamp !== undefined,
  };
}

/**
 * When the kubelet last wrote the pod's status. Not the newest condition: the node controller turns Ready to False for pods
 * of a silent node, and that would make a dead pod's status look fresh.
 */
function statusTimeOf(pod: PodObject): string | undefined {
  const byKubelet = (pod.metadata?.managedFields ?? []).filter(
    ({ manager, subresource }) => manager === 'kubelet' && subresource === 'status',
  );
  if (pod.metadata?.managedFields !== undefined) return newest(byKubelet.map(({ time }) => time));
  return newest([
    pod.status?.startTime,
    ...(pod.status?.containerStatuses ?? []).map(({ state }) => state?.running?.startedAt),
  ]);
}

/** What the static-pod operators have bound to this node, and what no kubelet has taken up. */
export function parseOperatorPods(pods: PodObject[], node: string): OperatorPods {
  const named = pods.map((pod) => ({ pod, ...nameOf(pod) }));
  return {
    guards: named
      .filter(({ name }) => name.endsWith(`-guard-${node}`))
      .map(({ pod, namespace, name }) => ({
        namespace,
        name,
        ready: conditionOf(pod.status?.conditions, 'Ready')?.status === 'True',
      })),
    unacknowledged: named
      .filter(({ pod, name }) => isInstaller(name, node) && isUnacknowledged(pod))
      .map(({ pod, namespace, name }) => ({
        namespace,
        name,
        createdAt: iso(pod.metadata?.creationTimestamp ?? '') ?? '',
      })),
  };
}

function nameOf({ metadata }: PodObject): { namespace: string; name: string } {
  return { namespace: verbatim(metadata?.namespace ?? ''), name: verbatim(metadata?.name ?? '') };
}

/** `installer-7-master-1`, and `installer-7-retry-1-master-1` after a failure. */
function isInstaller(name: string, node: string): boolean {
  return /^installer-\d+-(retry-\d+-)?$/.test(name.slice(0, -node.length)) && name.endsWith(node);
}

function isUnacknowledged({ metadata, status }: PodObject): boolean {
  const isPending = status?.phase === 'Pending' && status.startTime === undefined;
  return isPending && metadata?.deletionTimestamp === undefined;
}

/** Alive: renewed within its duration; ten seconds are allowed for clocks and a slow API. */
export function parseSigner(lease: LeaseObject, nowMs: number): Signer {
  const { holderIdentity = '', renewTime = '', leaseDurationSeconds = 0 } = lease.spec ?? {};
  const renewedMs = Date.parse(renewTime);
  return {
    leaseHolder: redact(holderIdentity, 200),
    leaseRenewedAt: iso(renewTime) ?? '',
    leaseDurationSeconds,
    alive: holderIdentity !== '' && nowMs - renewedMs < leaseDurationSeconds * 1000 + 10_000,
  };
}

/** What cannot be parsed has no name that anybody expects, and names besides it. */
const unreadableRequest = { commonName: '', organizations: [], hasSubjectAlternativeNames: true };

export function parseCsr({ metadata = {}, spec = {}, status = {} }: CsrObject): ClientCsr {
  return {
    ...identityOf(metadata),
    signerName: verbatim(spec.signerName ?? ''),
    requester: verbatim(spec.username ?? ''),
    requesterGroups: (spec.groups ?? []).map((group) => verbatim(group)),
    usages: (spec.usages ?? []).map((usage) => verbatim(usage)),
    ...(readRequest(spec.request ?? '') ?? unreadableRequest),
    state: stateOf(status.conditions),
    issued: (status.certificate ?? '') !== '',
  };
}

/** Some thousand requests take seconds to parse: heartbeats and other work go on in between. */
export async function parseCsrs(objects: CsrObject[]): Promise<ClientCsr[]> {
  const parsed: ClientCsr[] = [];
  for (const [index, object] of objects.entries()) {
    if (index % 50 === 49) await setImmediate();
    parsed.push(parseCsr(object));
  }
  return parsed;
}

function identityOf({ name = '', uid = '', creationTimestamp = '' }: ObjectMeta) {
  return { name, uid, createdAt: creationTimestamp };
}

function stateOf(conditions: Condition[] | undefined): ClientCsr['state'] {
  if (conditionOf(conditions, 'Denied')) return 'Denied';
  if (conditionOf(conditions, 'Failed')) return 'Failed';
  return conditionOf(conditions, 'Approved') ? 'Approved' : 'Pending';
}

/** Says whether there is a token; the token itself is dropped here. */
export function parseBootstrapSecret(secret: SecretObject): BootstrapSecret {
  const invalidSince = secret.metadata?.labels?.['kubernetes.io/legacy-token-invalid-since'];
  return {
    namespace: secret.metadata?.namespace ?? '',
    name: secret.metadata?.name ?? '',
    hasToken: (secret.data?.['token'] ?? '') !== '',
    ...(invalidSince === undefined ? {} : { invalidSince: redact(invalidSince, 40) }),
  };
}

export function conditionOf(conditions: Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

function newest(times: (string | undefined)[]): string | undefined {
  const parsed = times.map((time) => Date.parse(time ?? '')).filter((ms) => !Number.isNaN(ms));
  return parsed.length === 0 ? undefined : new Date(Math.max(...parsed)).toISOString();
}

/** Kubernetes writes microseconds. */
function iso(time: string): string | undefined {
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
