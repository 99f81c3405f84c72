import type { Condition, Verdict } from './types.ts';

/** How long a `*Degraded` condition must have lasted before it counts: measured 10 min 44 s from cause to effect. */
const INERTIA_MS = 10 * 60_000;

/**
 * Conditions of `ClusterOperator/etcd` from those of `etcds/cluster`. Degraded comes late and goes at once, so its
 * being False proves nothing.
 */
export function clusterOperatorConditions(
  conditions: readonly Condition[],
  now: Date,
  inertiaMs = INERTIA_MS,
): Verdict[] {
  const lasting = (each: Condition) => now.getTime() - Date.parse(each.lastTransitionTime) >= inertiaMs;
  return [
    union('Degraded', conditions, 'True', (each) => lasting(each)),
    union('Progressing', conditions, 'True'),
    union('Available', conditions, 'False'),
    upgradeable(conditions),
    { type: 'EvaluationConditionsDetected', status: 'Unknown', reason: 'NoData' },
  ];
}

function union(
  suffix: string,
  all: readonly Condition[],
  bad: 'True' | 'False',
  counts: (each: Condition) => boolean = () => true,
): Verdict {
  const parts = all.filter(({ type }) => type.endsWith(suffix));
  const wrong = parts.filter((each) => each.status === bad && counts(each));
  const good = bad === 'True' ? 'False' : 'True';
  const said = (wrong.length > 0 ? wrong : parts).filter(({ message }) => message);
  return {
    type: suffix,
    status: wrong.length > 0 ? bad : good,
    reason:
      wrong.length > 0
        ? wrong.map(({ type, reason }) => reasonOf(type, suffix, reason)).join('::')
        : 'AsExpected',
    message: said.map(({ type, message }) => `${type}: ${message}`).join('\n'),
  };
}

function upgradeable(all: readonly Condition[]): Verdict {
  const verdict = union('Upgradeable', all, 'False');
  return verdict.status === 'True' ? { ...verdict, message: 'All is well' } : verdict;
}

/** `NodeController_MasterNodesReady`. */
function reasonOf(type: string, suffix: string, reason: string | undefined): string {
  return [type.slice(0, -suffix.length), reason].filter(Boolean).join('_');
}
