import type { EtcdOperator, OperatorCondition } from './platform.ts';

/**
 * How an etcd operator behaves while fewer than three members are healthy.
 * `all-gated`: endpoints, pod and certificates are frozen; the override lets all of them go (measured on 4.16).
 * `revision-gated`: only a new revision is held back; certificates are renewed without it (measured on main).
 */
export type OperatorKind = 'all-gated' | 'revision-gated';

/** By minor release: measured, or read in the code of that release's branch. 4.17 is neither kind, and is not shown yet. */
const kinds: Record<string, OperatorKind> = {
  '4.14': 'all-gated',
  '4.15': 'all-gated',
  '4.16': 'all-gated',
  '4.18': 'revision-gated',
  '4.19': 'revision-gated',
  '4.20': 'revision-gated',
  '4.21': 'revision-gated',
  '4.22': 'revision-gated',
  '4.23': 'revision-gated',
};

const knownReleases = Object.keys(kinds);

/** In what order things have to be done with this operator; or why that is not known. What is seen wins over no version. */
export function operatorKind(
  version: string,
  operator: EtcdOperator,
): { kind: OperatorKind } | { unsupported: string } {
  const minor = /^(\d+\.\d+)\.\d/.exec(version)?.[1];
  const kind = minor === undefined ? undefined : kinds[minor];
  if (kind === undefined) return { unsupported: `release ${version} is none of ${knownReleases.join(', ')}` };
  const shown = kindShown(operator);
  return shown === undefined || shown === kind
    ? { kind }
    : { unsupported: `release ${version} should be ${kind}, and its operator behaves as ${shown}` };
}

/** A closed gate shows where it stands: each kind tells it in another condition. */
function kindShown({ conditions }: EtcdOperator): OperatorKind | undefined {
  if (isTrue(conditions, 'RevisionControllerDegraded', revisionGate)) return 'revision-gated';
  return isTrue(conditions, 'EtcdEndpointsDegraded', endpointsGate) ? 'all-gated' : undefined;
}

const revisionGate = 'CheckSafeToScaleCluster';
const endpointsGate = "can't evaluate whether quorum is safe";

/**
 * Is the quorum gate seen to be shut? Only by the condition of the operator's own kind: after a removal the operator looks
 * healthy in every other one.
 */
export function isGateClosed(kind: OperatorKind, { conditions }: EtcdOperator): boolean {
  return kind === 'revision-gated'
    ? isTrue(conditions, 'RevisionControllerDegraded', revisionGate)
    : isTrue(conditions, 'EtcdEndpointsDegraded', endpointsGate);
}

const gateConditions: Record<OperatorKind, string> = {
  'revision-gated': 'RevisionControllerDegraded',
  'all-gated': 'EtcdEndpointsDegraded',
};

/** The same in the operator's own words. `unknown`: it does not speak of it, and on that nobody opens a gate. */
export function gateOf(
  kind: OperatorKind,
  operator: EtcdOperator,
): { gate: 'open' | 'shut' | 'unknown'; because: string } {
  const type = gateConditions[kind];
  const found = operator.conditions.find((condition) => condition.type === type);
  if (!found) return { gate: 'unknown', because: `there is no condition ${type}` };
  const { status, reason, message } = found;
  const words = [
    `${type}=${status}`,
    reason === '' ? '' : ` (${reason})`,
    message === '' ? '' : `: ${message}`,
  ];
  const open = status === 'Unknown' ? 'unknown' : 'open';
  return { gate: isGateClosed(kind, operator) ? 'shut' : open, because: words.join('') };
}

function isTrue(conditions: OperatorCondition[], type: string, saying: string): boolean {
  const found = conditions.find((condition) => condition.type === type);
  return found?.status === 'True' && found.message.includes(saying);
}
