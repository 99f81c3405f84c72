import type { MasterObservation, Observation } from '../control-plane.ts';
import { valueOf } from '../reading.ts';
import type { RecoveryRequest } from '../run.ts';
import type { Evidence, Refuse } from '../verdict.ts';
import type { Classification } from './classes.ts';
import { refuse } from './refusal.ts';

export interface Chosen {
  target: MasterObservation;
  seen: Classification;
}

/**
 * The named node, or those that are affected, in the inventory's order. Of several that have lost their authentication (C9) all
 * are returned, and the caller takes the first that can be mended: never two in one run.
 */
export function chooseTargets(
  { cluster, masters }: Observation,
  request: RecoveryRequest,
  classes: Classification[],
): Chosen[] | Refuse {
  const names = request.node === undefined ? affectedMasters(masters, classes) : [request.node];
  if (names.length === 0) {
    return refuse('NodeHealthy', `no master of ${cluster} has a kubelet to recover`, classes.map(summaryOf));
  }
  const chosen = names.flatMap((name) => {
    const target = masters.find((master) => master.name === name);
    const seen = classes.find(({ node }) => node === name);
    return target && seen ? [{ target, seen }] : [];
  });
  if (chosen.length > 0) return chosen;
  const fact = `masters of ${cluster}: ${masters.map((master) => master.name).join(', ') || 'none'}`;
  return refuse('UnknownNode', `${names.join()} is not among the masters of ${cluster}`, [
    { fact, source: 'clusters.yaml' },
  ]);
}

/** Those that cannot authenticate; else the worst alone, so that its own refusal is told: first one that is not Ready. */
function affectedMasters(masters: MasterObservation[], classes: Classification[]): string[] {
  const lost = classes.filter(({ standing }) => standing === 'lost').map(({ node }) => node);
  if (lost.length > 0) return lost;
  const ailing = classes.filter(({ standing }) => standing !== 'healthy');
  const silent = masters.filter(({ node }) => valueOf(node)?.ready !== 'True').map(({ name }) => name);
  const worst =
    ailing.find(({ node }) => silent.includes(node)) ??
    ailing.find(({ standing }) => standing === 'latent') ??
    ailing[0];
  return worst ? [worst.node] : [];
}

export function summaryOf({ node, sentence }: Classification): Evidence {
  return { fact: sentence, source: `the look at ${node}` };
}
