import { apiRefusal, lookRefusal } from '../kubelet/look.ts';
import { refuse } from '../kubelet/refusal.ts';
import { factOfLease, leftLeases, type LeftLeases } from '../lease-left.ts';
import type { Plan } from '../plan.ts';
import type { Evidence, Refuse, Verdict, Wait } from '../verdict.ts';
import { evidenceOf, judgeNode, type NodeQuestion, type Tidying } from './node.ts';
import { planCleanup } from './plan.ts';

export interface CleanupDecision extends NodeQuestion {
  /** The watchdog of the cluster's lease is open. */
  leaseWatched: boolean;
  /** ISO 8601. */
  now: string;
}

/**
 * May what a killed run has left be cleaned up, and how? First of all the look is recent (`EvidenceIncomplete`), and the API
 * answers (`ApiUnreachable`).
 *
 * A lease that is left is put back whatever the nodes are like: the guard that it keeps off is missed most when one of them
 * is not well, and the recovery of etcd refuses to begin beside it. What keeps a node from being tidied (`judgeNode`) then
 * keeps nothing but that; only a node that does not exist (`UnknownNode`) is a slip to be told of before anything is done.
 *
 * Nothing is called clean while a setting could not be read (`EvidenceIncomplete`), or bears a lease and is not as that lease
 * left it (`LeaseForeign`).
 */
export function decideCleanup(decision: CleanupDecision, digestOf: (plan: Plan) => string): Verdict {
  const early = lookRefusal(decision) ?? apiRefusal(decision.observation);
  if (early) return early;
  const leases = leftLeases(decision.observation.lentSettings, decision.leaseWatched);
  const onNode = judgeNode(decision);
  const isAnythingToDo =
    onNode.kind === 'tidying' || (leases.held.length > 0 && onNode.reason !== 'UnknownNode');
  if (isAnythingToDo) return planned(decision, leases, onNode, digestOf);
  return onNode.reason === 'NothingLeft' ? (leaseRefusal(leases) ?? onNode) : onNode;
}

function leaseRefusal({ changed, unread }: LeftLeases): Refuse | undefined {
  const [first] = changed;
  if (first) {
    const because = `${first.target} bears a lease and is not as that lease left it`;
    return refuse('LeaseForeign', because, changed.flatMap(evidenceOfSetting));
  }
  if (unread.length === 0) return undefined;
  const because = `whether ${unread.map(({ target }) => target).join(' and ')} is still lent is not known`;
  return refuse('EvidenceIncomplete', because, unread.flatMap(evidenceOfSetting));
}

function evidenceOfSetting({ facts, source }: LeftLeases['changed'][number]): Evidence[] {
  return facts.map((fact) => ({ fact, source }));
}

function planned(
  { observation, runId, scripts }: CleanupDecision,
  { held, changed, unread }: LeftLeases,
  onNode: Tidying | Refuse | Wait,
  digestOf: (plan: Plan) => string,
): Verdict {
  const node = onNode.kind === 'tidying' ? onNode : undefined;
  const because = [
    ...(held.length > 0 ? [aboutLeases] : []),
    ...(node
      ? [
          `What runs that are over have left on ${node.master.name} would be taken for a fault, or become one.`,
        ]
      : []),
  ].join(' ');
  const plan = planCleanup({
    cluster: observation.cluster,
    because,
    ...(node ? { onNode: { node: node.master.name, runs: node.left.runs } } : {}),
    stays: staying(changed, onNode),
    pins: {
      runId,
      scripts: node ? scripts : {},
      ...(node?.bootstrap ? { bootstrap: node.bootstrap } : {}),
      leases: held.map(({ lease, back }) => ({ lease, back })),
    },
  });
  const evidence = [
    ...held.map(({ lease, source }) => ({ fact: factOfLease(lease), source })),
    ...[...changed, ...unread].flatMap(evidenceOfSetting),
    ...(onNode.kind === 'tidying' ? evidenceOf(onNode) : onNode.evidence),
  ];
  return { kind: 'proceed', plan, digest: digestOf(plan), because, evidence };
}

const aboutLeases = 'A setting that a run had lent still stands, and nobody is left who would put it back.';

/** In words that are the same at the next look: an approval must not be void because an error reads differently. */
function staying(changed: LeftLeases['changed'], onNode: Tidying | Refuse | Wait): string[] {
  const settings = changed.map(
    ({ target }) => `${target} bears a lease and is not as that lease left it: it is not touched.`,
  );
  if (onNode.kind === 'tidying' || onNode.reason === 'NothingLeft') return settings;
  return [...settings, 'Whatever runs have left on nodes stays for now: see the evidence.'];
}
