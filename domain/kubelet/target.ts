import type { MasterObservation, Observation } from '../control-plane.ts';
import { valueOf } from '../reading.ts';
import type { RecoveryRequest } from '../run.ts';
import type { Evidence, Refuse } from '../verdict.ts';
import type { Classification } from './classify.ts';
import { refuse } from './refusal.ts';

export interface Chosen {
  target: MasterObservation;
  seen: Classification;
}

/** The named node, or the only one that is affected. None named never means all, and never the first of two. */
export function chooseTarget(
  { cluster, masters }: Observation,
  request: RecoveryRequest,
  classes: Classification[],
): Chosen | Refuse {
  const several = request.node === undefined ? severalRefusal(classes) : undefined;
  if (several) return several;
  const name = request.node ?? affectedMaster(masters, classes);
  if (name === undefined) {
    return refuse('NodeHealthy', `no master of ${cluster} has a kubelet to recover`, classes.map(summaryOf));
  }
  const target = masters.find((master) => master.name === name);
  const seen = classes.find(({ node }) => node === name);
  if (target && seen) return { target, seen };
  const fact = `masters of ${cluster}: ${masters.map((master) => master.name).join(', ') || 'none'}`;
  return refuse('UnknownNode', `${name} is not among the masters of ${cluster}`, [
    { fact, source: 'clusters.yaml' },
  ]);
}

/** The one that cannot authenticate; else the worst, so that its own refusal is told: first one that is not Ready. */
function affectedMaster(masters: MasterObservation[], classes: Classification[]): string | undefined {
  const ailing = classes.filter(({ standing }) => standing !== 'healthy');
  const silent = masters.filter(({ node }) => valueOf(node)?.ready !== 'True').map(({ name }) => name);
  const worst =
    ailing.find(({ standing }) => standing === 'lost') ??
    ailing.find(({ node }) => silent.includes(node)) ??
    ailing[0];
  return worst?.node;
}

/** C9. */
export function severalRefusal(classes: Classification[]): Refuse | undefined {
  const lost = classes.filter(({ standing }) => standing === 'lost');
  if (lost.length < 2) return undefined;
  return refuse(
    'SeveralMastersAffected',
    `${lost.map(({ node }) => node).join(' and ')} cannot authenticate; this run mends one while all others are well`,
    lost.flatMap(({ evidence }) => evidence),
  );
}

export function summaryOf({ node, sentence }: Classification): Evidence {
  return { fact: sentence, source: `the look at ${node}` };
}
