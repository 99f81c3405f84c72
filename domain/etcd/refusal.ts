import { sentenceCase } from '../input.ts';
import type { Evidence, Refuse, Wait, WaitReason } from '../verdict.ts';
import { handOvers, type EtcdRefusal } from './hand-over.ts';

/** Why not; `because` without its full stop. */
export interface EtcdObjection {
  reason: EtcdRefusal;
  because: string;
  evidence: Evidence[];
}

export function objection(reason: EtcdRefusal, because: string, evidence: Evidence[]): EtcdObjection {
  return { reason, because, evidence };
}

export function refuse({ reason, because, evidence }: EtcdObjection): Refuse {
  return {
    kind: 'refuse',
    reason,
    because: `${sentenceCase(because)}.`,
    evidence,
    handOver: `${handOvers[reason]} See docs/refusals.md#${reason.toLowerCase()}.`,
  };
}

export function wait(reason: WaitReason, because: string, evidence: Evidence[]): Wait {
  return { kind: 'wait', reason, because: `${sentenceCase(because)}.`, evidence };
}
