import type { Observation } from '../control-plane.ts';
import { valueOf } from '../reading.ts';
import { classify } from './classify.ts';
import type { Rung } from './rung.ts';
import { manifestObjection, othersObjection, signerObjection } from './guards.ts';

/** What its certificate comes from after the restart; the others bring one along, or wait for a signer by design. */
function needsSigner(rung: Rung): boolean {
  return rung === 'R2a' || rung === 'R2b' || rung === 'R4a';
}

/**
 * Why the kubelet on `node` must not be restarted just now, or undefined. Asked before every restart: a step may have been
 * blocked for hours since the plan was approved, and meanwhile another master may have failed. Only what concerns the
 * others is asked, and what the restart itself would change: the node is in the midst of being mended.
 */
export function objectionToRestart(
  observation: Observation,
  node: string,
  rung: Rung = 'R2b',
): string | undefined {
  const target = observation.masters.find(({ name }) => name === node);
  if (!target) return `${node} is not among the masters that were looked at`;
  if (!target.kubelet.known) return `${node} could not be looked at: ${target.kubelet.why}`;
  const classes = observation.masters.map((master) => classify(master, observation));
  const objection =
    othersObjection({ observation, target, classes }) ??
    (needsSigner(rung) ? signerObjection({ observation }) : undefined) ??
    manifestObjection({ target });
  return objection && [objection.because, ...objection.evidence.map(({ fact }) => fact)].join('; ');
}

/**
 * Why `node` must not be lent cluster-admin just now, or undefined. Asked directly before it, for the plan may be hours old: by
 * then the kubelet may have come back by itself, or somebody may sign again, so that a safer rung does.
 */
export function objectionToLend(observation: Observation, node: string, rung: Rung): string | undefined {
  const target = observation.masters.find(({ name }) => name === node);
  if (!target) return `${node} is not among the masters that were looked at`;
  if (!target.kubelet.known) return `${node} could not be looked at: ${target.kubelet.why}`;
  const { standing, sentence } = classify(target, observation);
  if (standing !== 'lost') return `it is not needed any more: ${sentence}`;
  const signer = valueOf(observation.signer);
  if (rung === 'R4b' && !signer) return 'whether anybody can sign a certificate could not be learnt';
  if (rung === 'R4b' && signer?.alive)
    return 'somebody can sign again, so that nobody has to run as cluster-admin';
  return objectionToRestart(observation, node, rung);
}
