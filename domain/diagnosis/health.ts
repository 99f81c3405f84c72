import type { Observation } from '../control-plane.ts';
import type { Finding, FindingCode } from '../finding.ts';
import { factOf } from '../kubelet/facts.ts';
import { sentenceCase } from '../input.ts';
import { pageOf } from './page.ts';

/** One part of each master, asked on the master itself. */
export function healthFindings(
  { masters }: Observation,
  part: 'etcd' | 'apiServer',
  code: FindingCode,
  what: string,
): Finding[] {
  return masters.flatMap((master): Finding[] => {
    const reading = master[part];
    // At a master that nobody could look at, that is the finding.
    if ((reading.known && reading.value.healthy) || !master.kubelet.known) return [];
    return [
      {
        code,
        severity: reading.known ? 'critical' : 'warning',
        node: master.name,
        sentence: `${sentenceCase(what)} on ${master.name} is ${reading.known ? 'not healthy' : 'not known to be healthy'}.`,
        evidence: [factOf(reading, `${what} on ${master.name}`, ({ detail }) => `not healthy (${detail})`)],
        remedy: pageOf(code),
      },
    ];
  });
}
