import type { Observation } from '../control-plane.ts';
import type { Finding } from '../finding.ts';
import { signerObjection } from '../kubelet/guards.ts';
import { sentenceCase } from '../input.ts';
import { pageOf } from './page.ts';

/** Who signs certificates. With the API gone it cannot be asked, and the API is the finding. */
export function signerFindings(observation: Observation): Finding[] {
  const objection = observation.api.known ? signerObjection({ observation }) : undefined;
  if (!objection) return [];
  return [
    {
      code: 'SignerDown',
      severity: observation.signer.known ? 'critical' : 'warning',
      sentence: `${sentenceCase(objection.because)}.`,
      evidence: objection.evidence,
      remedy: pageOf('SignerDown'),
    },
  ];
}
