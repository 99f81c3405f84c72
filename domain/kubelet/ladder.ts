import type { Objection } from './guards.ts';
import type { Rise, Rung, RungRule } from './rung.ts';
import { breakGlassRungs } from './rungs-break-glass.ts';
import { certificateRungs } from './rungs-certificate.ts';
import { requestRungs } from './rungs-request.ts';

export interface Choice {
  rung: Rung;
  /** The safer ones, and why each does not fit. Nothing volatile: it is part of what is approved. */
  passedOver: string[];
}

const rules: Record<Rung, RungRule> = { ...certificateRungs, ...requestRungs, ...breakGlassRungs };

/** A kubelet that still works is not restarted into nothing: first a certificate is put in place, where that can be done. */
function order({ seen }: Rise): Rung[] {
  return seen.standing === 'latent'
    ? ['R1', 'G', 'R3', 'R2a', 'R2b']
    : ['R0', 'R1', 'G', 'R2a', 'R2b', 'R3', 'R4a', 'R4b'];
}

/**
 * The safest rung that fits; or, where none does, why each does not. A rung that cannot be judged ends the search: what was
 * not read is no reason for a riskier way.
 */
export function chooseRung(rise: Rise): Choice | { none: [Rung, Objection][] } {
  const passed: [Rung, Objection][] = [];
  for (const rung of order(rise)) {
    const objection = rules[rung](rise);
    if (!objection) return { rung, passedOver: passed.map(([name, { because }]) => `${name}: ${because}`) };
    passed.push([rung, objection]);
    if (objection.reason === 'EvidenceIncomplete') break;
  }
  return { none: passed };
}

/** What a person can mend stands before "this rung is for another case". */
const tellingFirst = [
  'EvidenceIncomplete',
  'TwoMatchingCsrs',
  'SignerDown',
  'PowersMissing',
  'BootstrapSecretMissing',
] as const;

export function mostTelling(all: Objection[]): Objection | undefined {
  for (const reason of tellingFirst) {
    const found = all.find((objection) => objection.reason === reason);
    if (found) return found;
  }
  return undefined;
}
