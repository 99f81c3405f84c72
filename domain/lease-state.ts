import { excerpt, fieldsOf, timeOf } from './input.ts';
import { isLeaseTarget, leaseTargets, longestLeaseMs, watchdogId, type Lease } from './lease.ts';
import { code, list, safe } from './markdown.ts';

export interface LeaseEnd {
  outcome: 'restored' | 'already-gone' | 'foreign';
  changed: boolean;
  /** The key still stands there, because it is not ours to remove: a person must see to it. */
  keyRemains: boolean;
  sentence: string;
  /** What was seen, where it was not what the lease had left. */
  evidence: string[];
}

/** Input of the workflow `OverrideLease`. */
export interface LeaseRequest extends Omit<Lease, 'id'> {
  cluster: string;
  /** Why it ends; set by the watchdog itself where it continues as a new run. */
  because?: LeaseEnding;
  /** How long after finding nothing it looks once more. Absent, or longer: half a minute. */
  lookAgainMs?: number;
}

export const leaseEndings = ['released', 'deadline', 'owner-over', 'cancelled'] as const;

export type LeaseEnding = (typeof leaseEndings)[number];

/** Everything about one lease, while it is open and after; the answer of query `state`, and the workflow's result. */
export interface LeaseState extends Lease {
  cluster: string;
  phase: 'watching' | 'putting-back' | 'looking-again' | 'over';
  because?: LeaseEnding;
  /** What kept it from putting back, when it was tried last. */
  lastError?: string;
  end?: LeaseEnd;
}

/** The request, or what is wrong with it. `now` in milliseconds since the epoch. */
export function judgeLeaseRequest(
  input: unknown,
  workflowId: string,
  now: number,
): LeaseRequest | { wrong: string } {
  const fields = fieldsOf(input) ?? {};
  const { cluster, target, deadline, because, lookAgainMs } = fields;
  const owner = ownerIn(fields['owner']);
  if (!isName(cluster)) return { wrong: '"cluster" must be a name' };
  if (workflowId !== watchdogId(cluster))
    return { wrong: `expected the workflow id ${watchdogId(cluster)}, got ${workflowId}` };
  if (!isLeaseTarget(target))
    return { wrong: `"target" must be one of ${Object.keys(leaseTargets).join(', ')}` };
  if (!owner) return { wrong: '"owner" must name a workflow and its run' };
  const ends = timeOf(deadline);
  if (ends === undefined) return { wrong: `"deadline" must be an ISO 8601 time, got ${excerpt(deadline)}` };
  if (ends > now + longestLeaseMs)
    return { wrong: `"deadline" must be within ${longestLeaseMs / 60_000} minutes` };
  const ending = leaseEndings.find((known) => known === because);
  return {
    cluster,
    target,
    owner,
    deadline: new Date(ends).toISOString(),
    ...(ending === undefined ? {} : { because: ending }),
    ...(typeof lookAgainMs === 'number' && lookAgainMs >= 0 && lookAgainMs <= 30_000 ? { lookAgainMs } : {}),
  };
}

function ownerIn(input: unknown): Lease['owner'] | undefined {
  const { workflow, run } = fieldsOf(input) ?? {};
  return isName(workflow) && isName(run) ? { workflow, run } : undefined;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= 1000;
}

const endings: Record<LeaseEnding, string> = {
  released: 'its owner needs it no longer',
  deadline: 'its time is over',
  'owner-over': 'the run that held it is over',
  cancelled: 'somebody asked to cancel it',
};

/** As the Web UI shows it under "Current details". */
export function renderLease(state: LeaseState): string {
  const { key, object } = leaseTargets[state.target];
  const { end, because, lastError } = state;
  const why = because === undefined ? '' : `, since ${endings[because]}`;
  const phase: Record<LeaseState['phase'], string> = {
    watching: 'set for a run, or about to be; it is put back at its deadline, or as soon as that run is over',
    'putting-back': `**being put back**${why}`,
    'looking-again': `nothing stands there${why}; looking once more, for an attempt that was stuck on its way`,
    over: end?.keyRemains === true ? `**a person must see to it**${why}` : `over${why}`,
  };
  const facts = [
    `Setting: ${code(key)} in ${code(object)}`,
    `Held for: ${code(state.owner.workflow, 200)}, run ${code(state.owner.run, 80)}`,
    `Until: ${code(state.deadline)} at the latest`,
  ];
  const trouble =
    end === undefined && lastError !== undefined
      ? [`It could not be put back yet, and is tried again for as long as it takes: ${safe(lastError, 600)}`]
      : [];
  const result =
    end === undefined ? [] : [safe(end.sentence, 600), list(end.evidence.map((one) => safe(one, 400)))];
  const hint =
    state.phase === 'watching'
      ? ['To put it back now: **Send a Signal**, name `released`, no input. It needs no approval.']
      : [];
  return [
    `## Lease on ${safe(state.cluster, 80)}: ${phase[state.phase]}`,
    list(facts),
    ...trouble,
    ...result,
    ...hint,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}
