import type { Observation } from '../control-plane.ts';
import type { StaticPodOperator } from '../platform-view.ts';
import type { Reading } from '../reading.ts';
import type { Proof } from './proof.ts';

/**
 * What the platform's own operators make of the node after its recovery. A kind that the cluster has not is not applicable, which
 * is neither a proof nor a fault; one that could not be read is a fault, for unknown is not settled.
 */
export function provePlatform({ masters, platform }: Observation, node: string): Proof {
  const master = masters.find(({ name }) => name === node);
  const claims = [
    ...(master ? ofPods(master.operatorPods) : [fault('the node', `${node} was not looked at`)]),
    ...applicable(platform.operators, 'the static-pod operators', (operators) =>
      operators.flatMap((operator) => ofOperator(operator, node)),
    ),
    ...applicable(platform.clusterOperators, 'the ClusterOperators', (operators) => {
      const ailing = operators.filter(
        ({ available, degraded, progressing }) => !available || degraded || progressing,
      );
      const says = ailing.map(({ name, message }) => (message === '' ? name : `${name} (${message})`));
      return [claim('all ClusterOperators are available, settled and not degraded', says)];
    }),
    ...applicable(platform.metal3, 'metal3', ({ available, desired, pods }) => {
      const stuck = pods
        .filter(({ terminating }) => terminating)
        .map(({ name }) => `${name} is being deleted`);
      const short = available < desired ? [`${available} of ${desired} pods are available`] : [];
      return [claim('metal3 is available', [...short, ...stuck])];
    }),
  ];
  return {
    proofs: claims.filter(({ faults }) => faults.length === 0).map(({ what }) => what),
    missing: claims.flatMap(({ what, faults }) =>
      faults.length === 0 ? [] : [`not proved that ${what}: ${faults.join('; ')}`],
    ),
  };
}

/** Whether there is a platform at all; where that could not be read there may be one. */
export function hasPlatform({ platform }: Pick<Observation, 'platform'>): boolean {
  return [platform.operators, platform.clusterOperators, platform.metal3].some(
    (reading) => !reading.known || reading.value !== 'none',
  );
}

interface Claim {
  what: string;
  /** Empty: it holds. */
  faults: string[];
}

function claim(what: string, faults: string[]): Claim {
  return { what, faults };
}

function fault(what: string, why: string): Claim {
  return { what: `${what} could be asked`, faults: [why] };
}

function applicable<T>(reading: Reading<T | 'none'>, what: string, judge: (value: T) => Claim[]): Claim[] {
  if (!reading.known) return [fault(what, reading.why)];
  return reading.value === 'none' ? [] : judge(reading.value);
}

function ofPods(reading: Observation['masters'][number]['operatorPods']): Claim[] {
  if (!reading.known) return [fault('guards and installers', reading.why)];
  const { guards, unacknowledged } = reading.value;
  return [
    claim(
      'every guard pod on it is ready',
      guards.filter(({ ready }) => !ready).map(({ name }) => name),
    ),
    claim(
      'no installer pod waits there unacknowledged',
      unacknowledged.map(({ name, createdAt }) => `${name} since ${createdAt}`),
    ),
  ];
}

function ofOperator(
  { kind, latestAvailableRevision, nodeStatuses, conditions }: StaticPodOperator,
  node: string,
): Claim[] {
  const degraded = conditions.filter(({ status }) => status !== 'False');
  const status = nodeStatuses.find(({ nodeName }) => nodeName === node);
  const behind =
    status === undefined
      ? [`it says nothing of ${node}`]
      : status.currentRevision === latestAvailableRevision && status.targetRevision === 0
        ? []
        : [
            `revision ${status.currentRevision} of ${latestAvailableRevision}, target ${status.targetRevision}`,
          ];
  return [
    claim(
      `${kind} is not degraded`,
      degraded.map(({ type, message }) => `${type} (${message})`),
    ),
    claim(`${kind} is at its newest revision there`, behind),
  ];
}
