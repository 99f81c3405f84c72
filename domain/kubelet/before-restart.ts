import type { Observation } from '../control-plane.ts';
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
  const classes = observation.masters.map((master) => classify(master, observation));
  const objection =
    othersObjection({ observation, target, classes }) ??
    (needsSigner(rung) ? signerObjection({ observation }) : undefined) ??
    manifestObjection({ target });
  return objection && [objection.because, ...objection.evidence.map(({ fact }) => fact)].join('; ');
}
