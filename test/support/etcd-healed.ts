import type { EtcdObservation } from '../../domain/etcd/observation.ts';
import type { EtcdPlan } from '../../domain/etcd/plan.ts';
import type { DataHash } from '../../domain/etcd/proof.ts';
import { surveyOf } from '../../domain/etcd/survey.ts';
import { known } from '../../domain/reading.ts';
import { certificatesFor, etcdMaster, healthyCluster, inside, podOf } from './etcd-observations.ts';

const newMemberId = 'a3f1c2d4e5b60718';

/** The cluster after a replacement: another member, at the new address, under the old name. */
export function replaced({ pins }: Pick<EtcdPlan, 'pins'>): EtcdObservation {
  const { node, addresses, member } = pins.target;
  const [address = ''] = addresses;
  const observation = healthyCluster();
  const old = inside(etcdMaster(observation, node).view.self).memberId;
  const id = member && pins.strategy !== 'replace' ? member.id : newMemberId;
  const wasAt = inside(etcdMaster(observation, node).node).internalIps[0] ?? '';
  const text = JSON.stringify(observation.masters).replaceAll(old, id).replaceAll(wasAt, address);
  observation.masters = JSON.parse(text);
  etcdMaster(observation, node).certificates = known(
    { secrets: certificatesFor(node, addresses), inAllCerts: certificatesFor(node, addresses) },
    '',
  );
  const operator = inside(observation.operator);
  operator.latestAvailableRevision = 5;
  for (const one of operator.nodeStatuses) one.currentRevision = 5;
  for (const { name } of observation.masters) podOf(observation, name).revision = 5;
  return observation;
}

/** As `hashkv` answers at one revision when all hold the same. */
export function sameHashes(observation: EtcdObservation): DataHash[] {
  return surveyOf(observation).members.map(({ id }) => ({
    memberId: id,
    revision: 80_100,
    compactRevision: 79_000,
    hash: '3147921938',
  }));
}
