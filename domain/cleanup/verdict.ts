import { apiRefusal, lookRefusal } from '../kubelet/look.ts';
import { refuse } from '../kubelet/refusal.ts';
import { factOfLease, leftLeases, type LeftLeases } from '../lease-left.ts';
import type { Plan } from '../plan.ts';
import type { Evidence, Refuse, Verdict, Wait } from '../verdict.ts';
import { evidenceOf, judgeNode, type NodeQuestion, type Tidying } from './node.ts';
import { judgePauses, type PausesFound } from './pauses.ts';
import { planCleanup } from './plan.ts';

export interface CleanupDecision extends NodeQuestion {
  /** The watchdog of the cluster's lease is open. */
  leaseWatched: boolean;
  /** Asked in the midst of a cleanup, about one kind of thing that is left, with nothing said about the others. */
  about?: 'node' | 'pauses';
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
 * What was paused is resumed likewise, but only while every master is well (`judgePauses`).
 *
 * Nothing is called clean while a setting could not be read (`EvidenceIncomplete`), or bears a lease and is not as that lease
 * left it (`LeaseForeign`).
 */
export function decideCleanup(decision: CleanupDecision, digestOf: (plan: Plan) => string): Verdict {
  const early = lookRefusal(decision) ?? apiRefusal(decision.observation);
  if (early) return early;
  const found = findLeft(decision);
  const { leases, pauses, onNode } = found;
  const isCluster = leases.held.length > 0 || pauses.due.length > 0;
  if (onNode.kind === 'tidying' || (isCluster && onNode.reason !== 'UnknownNode'))
    return planned(decision, found, digestOf);
  return onNode.reason === 'NothingLeft' ? (leaseRefusal(leases) ?? pauses.barred ?? onNode) : onNode;
}

function findLeft(decision: CleanupDecision): Found {
  const { observation, about, open, leaseWatched } = decision;
  return {
    leases: about ? noLeases : leftLeases(observation.lentSettings, leaseWatched),
    pauses: about === 'node' ? { due: [], evidence: [] } : judgePauses(observation, open),
    onNode: about === 'pauses' ? nothingPaused(observation.cluster) : judgeNode(decision),
  };
}

const noLeases: LeftLeases = { held: [], changed: [], unread: [] };

function nothingPaused(cluster: string): Refuse {
  return refuse('NothingLeft', `no run that is over has left anything paused on ${cluster}`, []);
}

interface Found {
  leases: LeftLeases;
  pauses: PausesFound;
  onNode: Tidying | Refuse | Wait;
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
  found: Found,
  digestOf: (plan: Plan) => string,
): Verdict {
  const { leases, pauses, onNode } = found;
  const node = onNode.kind === 'tidying' ? onNode : undefined;
  const because = reasonsFor(found).join(' ');
  const plan = planCleanup({
    cluster: observation.cluster,
    because,
    ...(node ? { onNode: { node: node.master.name, runs: node.left.runs, etcd: node.left.etcd } } : {}),
    stays: staying(found),
    pins: {
      runId,
      scripts: node ? scripts : {},
      ...(node?.bootstrap ? { bootstrap: node.bootstrap } : {}),
      leases: leases.held.map(({ lease, back }) => ({ lease, back })),
      ...(pauses.due.length > 0 ? { pauses: pauses.due } : {}),
    },
  });
  const evidence = [
    ...leases.held.map(({ lease, source }) => ({ fact: factOfLease(lease), source })),
    ...[...leases.changed, ...leases.unread].flatMap(evidenceOfSetting),
    ...pauses.evidence,
    ...(onNode.kind === 'tidying' ? evidenceOf(onNode) : onNode.evidence),
  ];
  return { kind: 'proceed', plan, digest: digestOf(plan), because, evidence };
}

function reasonsFor({ leases, pauses, onNode }: Found): string[] {
  const reasons: string[] = [];
  if (leases.held.length > 0) reasons.push(aboutLeases);
  if (pauses.due.length > 0) reasons.push(aboutPauses);
  if (onNode.kind === 'tidying')
    reasons.push(
      `What runs that are over have left on ${onNode.master.name} would be taken for a fault, or become one.`,
    );
  return reasons;
}

const aboutLeases = 'A setting that a run had lent still stands, and nobody is left who would put it back.';

const aboutPauses =
  'What watches over the health of the masters is still paused by a run that is over, and nobody is left who would resume it.';

/** In words that are the same at the next look: an approval must not be void because an error reads differently. */
function staying({ leases: { changed }, pauses: { isLeft }, onNode }: Found): string[] {
  const settings = changed.map(
    ({ target }) => `${target} bears a lease and is not as that lease left it: it is not touched.`,
  );
  if (isLeft) settings.push('What runs have left paused stays so for now: see the evidence.');
  if (onNode.kind === 'tidying' || onNode.reason === 'NothingLeft') return settings;
  return [...settings, 'Whatever runs have left on nodes stays for now: see the evidence.'];
}
