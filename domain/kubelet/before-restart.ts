import type { Observation } from '../control-plane.ts';
import { classify } from './classify.ts';
import { manifestObjection, othersObjection, signerObjection } from './guards.ts';

/**
 * Why the kubelet on `node` must not be restarted just now, or undefined. Asked before every restart: a step may have been
 * blocked for hours since the plan was approved, and meanwhile another master may have failed. Only what concerns the
 * others is asked, and what the restart itself would change: the node is in the midst of being mended.
 */
export function objectionToRestart(observation: Observation, node: string): string | undefined {
  const target = observation.masters.find(({ name }) => name === node);
  if (!target) return `${node} is not among the masters that were looked at`;
  const classes = observation.masters.map((master) => classify(master, observation));
  const lost = classes.filter((one) => one.node !== node && one.standing === 'lost');
  if (lost.length > 0) return `${lost.map((one) => one.node).join(', ')} lost its authentication too`;
  const objection =
    othersObjection({ observation, target, classes }) ??
    signerObjection({ observation }) ??
    manifestObjection({ target });
  return objection && [objection.because, ...objection.evidence.map(({ fact }) => fact)].join('; ');
}
