import { isCancellation, workflowInfo } from '@temporalio/workflow';
import type { Observation } from '../../domain/control-plane.ts';
import { sightingOf } from '../../domain/etcd/assessment.ts';
import type { EtcdObservation } from '../../domain/etcd/observation.ts';
import type { Sighting } from '../../domain/etcd/sighting.ts';
import { fieldsOf } from '../../domain/input.ts';
import type { HealthCheckResult } from '../messages.ts';
import { handsOn, labelled } from './activities.ts';

/**
 * A look at the members of etcd and their operator, where the first look found one that is not healthy: else there is nothing to
 * find that it would not have shown, and it costs some seconds. Undefined where none was made, or where there is no such operator.
 */
export async function lookAtMembers(observation: Observation): Promise<EtcdObservation | undefined> {
  const { cluster, masters } = observation;
  if (masters.every(({ etcd }) => etcd.known && etcd.value.healthy)) return undefined;
  const before = sightingBefore(cluster);
  const input = { cluster, ...(before === undefined ? {} : { before }) };
  const options = { ...labelled(`Look at etcd on ${cluster}`), scheduleToCloseTimeout: '60s' as const };
  try {
    const seen = await handsOn(cluster).etcd.observe.observeEtcd.executeWithOptions(options, [input]);
    return seen.operator.known ? seen : undefined;
  } catch (error) {
    if (isCancellation(error)) throw error;
    // The first look stands by itself.
    return undefined;
  }
}

/** For the result, where the next scheduled check finds it: "seen twice" lies minutes apart. */
export function seenIn(etcd: EtcdObservation | undefined): Pick<HealthCheckResult, 'etcd'> {
  if (!etcd) return {};
  const sighting = sightingOf(etcd);
  return { etcd: sighting === undefined ? {} : { sighting } };
}

/** What the check before this one left. Comes from a result of an older version, or of none: anything else is no sighting. */
function sightingBefore(cluster: string): Sighting | undefined {
  const last = fieldsOf(workflowInfo().lastResult);
  const sighting = last?.cluster === cluster ? fieldsOf(fieldsOf(last.etcd)?.sighting) : undefined;
  const { fault, since, rollOut, rollOutSince, last: newest } = sighting ?? {};
  const all = [fault, since, rollOut, rollOutSince, newest];
  if (!all.every((one) => typeof one === 'string')) return undefined;
  return { fault, since, rollOut, rollOutSince, last: newest } as Sighting;
}
