import { valueOf } from '../reading.ts';
import { faultOf, type Fault } from './classify.ts';
import type { EtcdObservation } from './observation.ts';
import { rollOutOf, type RollOut } from './roll-out.ts';
import { nextSighting, type Sighting } from './sighting.ts';
import { standingsOf, type Standing } from './standing.ts';
import { surveyOf, type Survey } from './survey.ts';

/** What one look amounts to, before anybody asks whether something may be done about it. */
export interface Assessment {
  observation: EtcdObservation;
  survey: Survey;
  /** Of every master, in the inventory's order. */
  standings: Standing[];
  /** Masters whose member is bad or not there. */
  broken: Standing[];
  /** Of the only broken master; undefined when there is none, or several, or its member cannot be told. */
  fault?: Fault;
  rollOut?: RollOut;
  sighting?: Sighting;
}

export function assess(observation: EtcdObservation): Assessment {
  const { masters, operator } = observation;
  const survey = surveyOf(observation);
  const standings = standingsOf(masters, survey);
  const broken = standings.filter(({ standing }) => ['bad', 'absent', 'unmatched'].includes(standing));
  const [only, ...more] = broken;
  const isOne = only !== undefined && more.length === 0 && only.standing !== 'unmatched';
  const fault = isOne ? faultOf(only, survey, observation) : undefined;
  const rollOut = operator.known
    ? rollOutOf(
        operator.value,
        masters.map(({ name }) => name),
      )
    : undefined;
  const sighting = sightingIn(observation, standings, { fault, rollOut });
  return {
    observation,
    survey,
    standings,
    broken,
    ...(fault === undefined ? {} : { fault }),
    ...(rollOut === undefined ? {} : { rollOut }),
    ...(sighting === undefined ? {} : { sighting }),
  };
}

/** What the next look is to be given as `before`. Undefined: nothing was seen that could be seen again. */
export function sightingOf(observation: EtcdObservation): Sighting | undefined {
  return assess(observation).sighting;
}

function sightingIn(
  { before, at }: EtcdObservation,
  standings: Standing[],
  { fault, rollOut }: { fault: Fault | undefined; rollOut: RollOut | undefined },
): Sighting | undefined {
  const seen = fault ? nameOf(fault) : joiningIn(standings);
  if (seen === undefined) return undefined;
  return nextSighting(before, { fault: seen, rollOut: positionOf(rollOut), at });
}

/**
 * A change of address stays the same fault when the operator takes the stale member away: it does so within the two minutes,
 * and counting anew would keep the cluster without a third voter for two more.
 */
function nameOf({ node, cause, member, address }: Fault): string {
  if (address) return [node, cause, address.from, address.to].join(' ');
  return [node, cause, member?.id ?? 'removed'].join(' ');
}

function joiningIn(standings: Standing[]): string | undefined {
  const joining = standings.find(({ standing }) => standing === 'joining');
  return joining && `${joining.master.name} joining ${joining.member?.id ?? ''}`;
}

function positionOf(rollOut: RollOut | undefined): string {
  if (!rollOut) return 'unknown';
  return rollOut.state === 'settled' ? `settled ${rollOut.revision}` : rollOut.position;
}

/** The broken master's observation, and its fault. */
export function targetOf({ broken, fault }: Assessment): { standing: Standing; fault: Fault } | undefined {
  const [standing] = broken;
  return standing && fault ? { standing, fault } : undefined;
}

export function machineOf({ master }: Standing) {
  return valueOf(master.machine);
}
