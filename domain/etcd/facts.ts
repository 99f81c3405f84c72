import type { Reading } from '../reading.ts';
import { valueOf } from '../reading.ts';
import type { Evidence } from '../verdict.ts';
import type { EtcdMaster, EtcdObservation } from './observation.ts';
import type { Standing } from './standing.ts';

/** One line of evidence; what could not be read says so and why. */
export function factOf<T>(reading: Reading<T>, what: string, say: (value: T) => string): Evidence {
  const said = reading.known ? say(reading.value) : `could not be read (${reading.why})`;
  return { fact: `${what}: ${said}`, source: reading.source };
}

/** How each master stands, one line each. */
export function standingFacts(standings: Standing[]): Evidence[] {
  return standings.map(({ master, standing, member }) => ({
    fact: `${master.name} (${valueOf(master.node)?.internalIps.join(', ') ?? 'address unknown'}): ${words[standing]}${member ? `, member ${member.id} at ${member.peerUrls.join(', ')}` : ''}`,
    source: `the look at ${master.name} and what the survivors say`,
  }));
}

const words: Record<Standing['standing'], string> = {
  healthy: 'healthy',
  bad: 'reached by no survivor',
  absent: 'no member',
  joining: 'a learner, or not started yet',
  unmatched: 'no member at its addresses, and none that was its for sure',
  several: 'several members at its addresses',
  mixed: 'reached by some survivors and not by others',
  unknown: 'not known',
};

export function readFacts({ masters }: EtcdObservation): Evidence[] {
  return masters.map(({ name, view }) =>
    factOf(view.read, `linearizable read on ${name}`, ({ healthy, detail }) =>
      healthy ? 'answered' : `failed (${detail})`,
    ),
  );
}

export type NamedReading = [what: string, reading: Reading<unknown>];

/** What could not be read of all that is named here; empty: nothing. */
export function unreadAmong(readings: NamedReading[]): Evidence[] {
  return readings
    .filter(([, reading]) => !reading.known)
    .map(([what, reading]) => factOf(reading, what, () => ''));
}

export function namesOf(masters: EtcdMaster[]): string {
  return masters.map(({ name }) => name).join(', ') || 'none';
}
