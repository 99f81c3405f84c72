import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { parseMembers } from '../../lab/faults/etcd-members.ts';
import { faultNamed } from '../../lab/faults/index.ts';
import { silentProgress } from '../../lab/host/progress.ts';
import { DEFAULT_KNOBS, readKnobs, turnKnobs } from '../../lab/platform/knobs.ts';
import { makeSshShim } from '../lab/support/ssh-shim.ts';
import { ended } from '../lab/support/stage.ts';
import { recoverFrom, requireWhole, whileEtcdBroken } from './support/etcd-cases.ts';
import { assertWhole } from './support/etcd-health.ts';
import { memberLines, until } from './support/etcd-operator.ts';
import { openEtcdStage, recoverEtcd, untilRun } from './support/etcd-recoveries.ts';
import { keptOn } from './support/left-behind.ts';
import { ownLab } from './support/own-lab.ts';

const progress = silentProgress();
const { lab, close } = await ownLab('recraces', '10.93.0', 'main');
// Two looks two minutes apart are shown in the other files.
const stage = await openEtcdStage({ seenFor: '20s' });
const shim = makeSshShim();
await stage.startWorker({ path: shim.directory });
after(async () => {
  await stage[Symbol.asyncDispose]();
  shim.remove();
  await close();
});

const NODE = 'master-1';

test('somebody removes the member by hand while we are about to: that is success, and nobody else is removed', async (t) => {
  await recoverFrom(t, stage, {
    fault: 'etcd-data-lost',
    node: NODE,
    beforehand: holdBeforeRemoval,
    async meanwhile() {
      await whileHeld(removeByHand);
    },
  });
});

test('removed by hand, and added again by the operator, all while we are about to: nothing is removed twice', async (t) => {
  const { state } = await recoverFrom(t, stage, {
    fault: 'etcd-data-lost',
    node: NODE,
    beforehand: holdBeforeRemoval,
    async meanwhile() {
      await whileHeld(async () => {
        const old = await removeByHand();
        await until('the operator has added another', 5, async () => {
          const now = await memberLines(lab, 'master-0');
          return (now.length === 3 && !now.some((line) => line.startsWith(old))) || now.join('\n');
        });
      });
    },
  });
  const removal = state.steps.find(({ id }) => id === 'remove-member');
  assert.equal(removal?.state, 'already-so', removal?.sentence);
});

test('a Machine that lags behind is waited for by name, and the run goes on when it has followed', async (t) => {
  const stuck = faultNamed('machine-status-stuck');
  await stuck.break(lab, 'master-2', { progress });
  await requireWhole(lab);
  await whileEtcdBroken(lab, { fault: 'etcd-address-change', node: 'master-2' }, async () => {
    const recovery = await recoverEtcd(stage, { node: 'master-2', dryRun: true });
    await untilRun(
      recovery,
      'MachineLags',
      ({ verdict }) => verdict?.kind === 'wait' && verdict.reason === 'MachineLags',
    );
    await refusedWithoutPatience('master-2');
    await stuck.healByForce(lab, 'master-2', { progress });
    const { outcome } = await ended(recovery, 10 * 60_000);
    assert.equal(outcome.status, 'dry-run', outcome.sentence);
    // What follows is the same break, of which the operator has removed the member by now.
    await recoverFrom(t, stage, { fault: 'etcd-address-change', node: 'master-2', broken: true });
  });
});

test('the address changed in mid-roll-out: the stale certificates are found and renewed', async (t) => {
  const before = readKnobs(lab.settings);
  // The roll-out has to last until the node is back; after that nothing depends on it.
  turnKnobs(lab.settings, { installerWaitSeconds: DEFAULT_KNOBS.installerWaitSeconds });
  const beforehand = async () => turnKnobs(lab.settings, before);
  try {
    await recoverFrom(t, stage, { fault: 'etcd-address-change-mid-roll-out', node: 'master-0', beforehand });
  } finally {
    turnKnobs(lab.settings, before);
  }
});

test('the operator heals a fast change alone: the run notices, and has done nothing', async () => {
  await requireWhole(lab);
  await whileEtcdBroken(lab, { fault: 'etcd-address-change-fast', node: 'master-1' }, async () => {
    const recovery = await recoverEtcd(stage, { node: 'master-1' });
    const { outcome } = await ended(recovery, 15 * 60_000);
    assert.ok(['resolved', 'refused'].includes(outcome.status), outcome.sentence);
    if (outcome.status === 'refused') assert.equal(outcome.reason, 'EtcdHealthy');
    await assertWhole(lab);
    assert.deepEqual(await keptOn(lab), []);
  });
});

/** The same, in a place where a Machine that has not followed by now never will. */
async function refusedWithoutPatience(node: string): Promise<void> {
  await using hasty = await openEtcdStage({ machinePatience: '0s', seenFor: '20s' });
  await hasty.startWorker();
  const { outcome } = await ended(await recoverEtcd(hasty, { node }), 5 * 60_000);
  const { status, reason } = outcome;
  assert.deepEqual([status, reason], ['refused', 'MachineNeverFollowed'], outcome.sentence);
  assert.ok(outcome.handOver, 'it says what to do instead');
  assert.deepEqual(await keptOn(lab), []);
}

/** Data that is lost is not set aside, so the removal is the first change after the copy. */
async function holdBeforeRemoval(): Promise<void> {
  shim.holdAt({ script: 'change-member', when: 'before', after: 'stream-snapshot' });
}

async function whileHeld(work: () => Promise<unknown>): Promise<void> {
  await until('the run held before its removal', 5, async () => shim.sprung() || 'not yet');
  await work();
  shim.release();
}

/** Resolves to the id that was removed. */
async function removeByHand(): Promise<string> {
  const members = parseMembers((await memberLines(lab, 'master-0')).join('\n'));
  const other = members.find(({ name }) => name === NODE);
  assert.ok(other);
  await lab.etcdctl('master-0', ['member', 'remove', other.id]);
  return other.id;
}
