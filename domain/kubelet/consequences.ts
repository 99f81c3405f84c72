import type { MasterObservation, Observation } from '../control-plane.ts';
import { valueOf } from '../reading.ts';
import type { Evidence } from '../verdict.ts';

/**
 * What a kubelet that does not speak for its node has brought about elsewhere, in the order in which people come upon it. None
 * of it is a fault of its own: all of it ends by itself once the kubelet is back.
 */
export function consequencesOf(master: MasterObservation, { platform }: Observation): Evidence[] {
  return [...installers(master), ...degraded(master, platform), ...metal3(master, platform)].map(
    ({ fact, source }) => ({ fact: `follows from it: ${fact}`, source }),
  );
}

/** No operator has a condition for these: theirs begin with the pod's startTime, which a kubelet sets. */
function installers({ name, operatorPods }: MasterObservation): Evidence[] {
  return (valueOf(operatorPods)?.unacknowledged ?? []).map((pod) => ({
    fact: `pod ${pod.namespace}/${pod.name} waits for the kubelet of ${name}, which has not taken it up (Pending, no startTime)`,
    source: operatorPods.source,
  }));
}

function degraded({ name }: MasterObservation, { operators }: Observation['platform']): Evidence[] {
  const known = valueOf(operators) ?? 'none';
  if (known === 'none') return [];
  return known.flatMap(({ kind, conditions }) =>
    conditions
      .filter(({ status, message }) => status === 'True' && message.includes(name))
      .map(({ type, message }) => ({
        fact: `operator ${kind} says ${type}: ${message}`,
        source: operators.source,
      })),
  );
}

function metal3({ name }: MasterObservation, { metal3: reading }: Observation['platform']): Evidence[] {
  const seen = valueOf(reading) ?? 'none';
  if (seen === 'none') return [];
  const stuck = seen.pods.filter(({ node, terminating }) => node === name && terminating);
  return stuck.map((pod) => ({
    fact: `metal3's pod ${pod.name} does not end on ${name}, and until it does the deployment makes no other (${seen.available} of ${seen.desired} available)`,
    source: reading.source,
  }));
}
