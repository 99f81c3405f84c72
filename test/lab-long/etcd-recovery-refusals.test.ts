import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { RefusalReason } from '../../domain/verdict.ts';
import { faultNamed } from '../../lab/faults/index.ts';
import { silentProgress } from '../../lab/host/progress.ts';
import { requestsByCpr, writesByCpr } from '../lab/support/audit.ts';
import { whileAlso } from '../lab/support/broken.ts';
import { fingerprint } from '../lab/support/fingerprint.ts';
import { ended } from '../lab/support/stage.ts';
import { requireWhole, whileEtcdBroken } from './support/etcd-cases.ts';
import { memberLines } from './support/etcd-operator.ts';
import { openEtcdStage, recoverEtcd } from './support/etcd-recoveries.ts';
import { keptOn, surroundings } from './support/left-behind.ts';
import { ownLab } from './support/own-lab.ts';

const { lab, close } = await ownLab('recno', '10.94.0', 'main');
/** Without patience: what would be waited for is refused at once. */
const stage = await openEtcdStage({ patience: '0s' });
await stage.startWorker();
after(async () => {
  await stage[Symbol.asyncDispose]();
  await close();
});

const NODE = 'master-1';
const options = { progress: silentProgress() };

test('a healthy cluster is left alone', async () => {
  await requireWhole(lab);
  await assertRefused('EtcdHealthy');
});

/** On top of lost data, which alone would be mended. Each is healed again before the next. */
const onTop: readonly [fault: string, node: string, ...reasons: RefusalReason[]][] = [
  ['operator-unmanaged', NODE, 'OperatorUnmanaged'],
  ['override-foreign', NODE, 'ForeignOverride'],
  ['release-unknown', NODE, 'UnsupportedRelease'],
  ['topology-single', NODE, 'TopologyNotSupported'],
  ['upgrade-in-progress', NODE, 'UpgradeInProgress'],
  ['machine-config-updating', NODE, 'MachineConfigRollOut'],
  ['etcd-no-space', 'master-0', 'EtcdOutOfSpace'],
  // The first from 40 s after its last lease on, the second as soon as its Node is called not Ready, some seconds later.
  ['kubelet-anonymous', NODE, 'KubeletNotAuthenticated', 'NodeNotReady'],
  ['etcd-member-stopped', 'master-2', 'QuorumLost'],
];

test('lost data, and besides', async (t) => {
  await requireWhole(lab);
  await whileEtcdBroken(lab, { fault: 'etcd-data-lost', node: NODE }, async () => {
    for (const [fault, node, ...reasons] of onTop) {
      await t.test(`${fault}: ${reasons.join(' or ')}`, () =>
        whileAlso(lab, fault, node, () => assertRefused(...reasons)),
      );
    }
  });
});

/** It must be there first: etcd takes nobody in while a member is unhealthy. */
test('lost data, and a learner that somebody has left: LearnerInTheWay', async () => {
  await requireWhole(lab);
  const learner = faultNamed('etcd-learner-left');
  try {
    await learner.break(lab, NODE, options);
    await whileEtcdBroken(lab, { fault: 'etcd-data-lost', node: NODE }, async () => {
      await assertRefused('LearnerInTheWay');
      await learner.healByForce(lab, NODE, options);
    });
  } finally {
    await learner.healByForce(lab, NODE, options);
  }
});

/** Refused for this reason, with a word on what to do; by the audit logs and the masters' files nothing was changed. */
async function assertRefused(...reasons: RefusalReason[]): Promise<void> {
  const since = new Date().toISOString();
  const quorum = !reasons.includes('QuorumLost');
  const before = await changeable(quorum);
  const recovery = await recoverEtcd(stage, { node: NODE });
  const { outcome, report } = await ended(recovery, 5 * 60_000);
  const { status, reason = 'none', handOver = '' } = outcome;
  assert.equal(status, 'refused', outcome.sentence);
  assert.ok(
    reasons.some((one) => one === reason),
    `${reason}: ${outcome.sentence}`,
  );
  assert.match(
    handOver,
    reasons.includes('NodeNotReady') ? /KubeletAuthRecovery/ : /./,
    'what to do instead',
  );
  assert.match(report, new RegExp(reason));
  assert.ok((await requestsByCpr(lab, since)) > 0, 'cpr has looked, so the audit log would show a write');
  assert.deepEqual(await writesByCpr(lab, since), []);
  assert.deepEqual(await keptOn(lab), []);
  assert.deepEqual(await changeable(quorum), before);
}

/** Without quorum neither the API nor etcd says anything: then the files are what there is. */
async function changeable(quorum: boolean): Promise<unknown> {
  const files = await Promise.all(lab.masters.map((node) => fingerprint(lab, node)));
  if (!quorum) return files;
  return [files, await surroundings(lab), await memberLines(lab, 'master-0')];
}
