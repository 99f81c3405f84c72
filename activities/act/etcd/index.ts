import { clusterOf, masterOf } from '../../connections/cluster.ts';
import { approvedOnly } from '../../connections/node-lane.ts';
import type { EtcdActActivities, EtcdActInput } from '../../etcd-contract.ts';
import { heartbeating } from '../../heartbeat.ts';
import type { ActivityDeps } from '../../index.ts';
import { isRecoveryOver } from '../../observe/run-over.ts';
import type { PauseInput } from '../../remediator-contract.ts';
import type { Reach } from '../on-object.ts';
import { pauseRemediators, resumeRemediators } from '../remediators.ts';
import { renewCertificates } from './certificates.ts';
import { removeMember, updateMember } from './change-member.ts';
import { copySnapshot } from './copy.ts';
import { quarantineEtcd, restoreEtcd } from './quarantine.ts';
import { forceRedeployment } from './redeploy.ts';
import { takeSnapshot } from './snapshot.ts';

/** One idempotent change each, of exactly what was approved; on a master only by the scripts that were. */
export function createEtcdActActivities({ inventory, laneOf }: ActivityDeps): EtcdActActivities {
  function through<T>({ cluster: name }: PauseInput, work: (reach: Reach) => Promise<T>): Promise<T> {
    const cluster = clusterOf(inventory, name);
    return heartbeating((signal) => work({ cluster, lane: laneOf(cluster), signal }));
  }
  function on<T>(input: EtcdActInput, work: (reach: Reach) => Promise<T>): Promise<T> {
    const { target, executor, survivors, scripts } = input.pins;
    return through(input, ({ cluster, lane, signal }) => {
      for (const { node } of [target, executor, ...survivors]) masterOf(cluster, node);
      return work({ cluster, signal, lane: approvedOnly(lane, scripts) });
    });
  }
  return {
    takeSnapshot: (input) => on(input, ({ lane, signal }) => takeSnapshot(lane, input.pins, signal)),
    copySnapshot: (input) => on(input, (reach) => copySnapshot(reach, input.pins, input.snapshot)),
    pauseRemediators: (input) =>
      through(input, (reach) =>
        pauseRemediators(reach, input.pins, (run) => isRecoveryOver(input.cluster, run)),
      ),
    resumeRemediators: (input) => through(input, (reach) => resumeRemediators(reach, input.pins)),
    quarantineEtcd: (input) => on(input, ({ lane, signal }) => quarantineEtcd(lane, input.pins, signal)),
    restoreEtcd: (input) => on(input, ({ lane, signal }) => restoreEtcd(lane, input.pins, signal)),
    renewCertificates: (input) => through(input, (reach) => renewCertificates(reach, input.pins)),
    removeMember: (input) => on(input, ({ lane, signal }) => removeMember(lane, input.pins, signal)),
    updateMember: (input) =>
      on(input, ({ lane, signal }) => updateMember(lane, input.pins, input.to, signal)),
    forceRedeployment: (input) => through(input, (reach) => forceRedeployment(reach, input.pins)),
  };
}
