import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import type { RunState } from '../../domain/run.ts';
import { parseMembers, type EtcdMember } from '../../lab/faults/etcd-members.ts';
import { faultNamed } from '../../lab/faults/index.ts';
import { silentProgress } from '../../lab/host/progress.ts';
import { DEFAULT_KNOBS, readKnobs, turnKnobs } from '../../lab/platform/knobs.ts';
import { requestsByCpr, writesByCpr } from '../lab/support/audit.ts';
import { makeSshShim } from '../lab/support/ssh-shim.ts';
import { approve, ended } from '../lab/support/stage.ts';
import { recoverFrom, requireSteady, requireWhole, whileEtcdBroken } from './support/etcd-cases.ts';
import {
  assertCertificatesNameAddress,
  assertSecretsNameAddress,
  assertWhole,
} from './support/etcd-health.ts';
import { memberLines, override, revisionOf, until, untilThreeVoters } from './support/etcd-operator.ts';
import { openEtcdStage, recoverEtcd, untilEtcdGate, untilRun } from './support/etcd-recoveries.ts';
import { assertNothingLeft, keptOn, removeKept, surroundings } from './support/left-behind.ts';
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

test('removed by hand, and added again by the operator, all while we are at work: that is success, and nobody else is removed', async () => {
  await requireWhole(lab);
  const others = await idsBut(NODE);
  await whileEtcdBroken(lab, { fault: 'etcd-data-lost', node: NODE }, async () => {
    const before = await surroundings(lab);
    const recovery = await recoverEtcd(stage, { node: NODE });
    await untilEtcdGate(recovery);
    // Before the copy, which the removal comes after.
    shim.holdAt({ script: 'stream-snapshot', when: 'before', after: 'snapshot-etcd' });
    await approve(recovery);
    await until('the run held in its second step', 5, async () => shim.sprung() || 'not yet');
    await replacedByOthers();
    shim.release();
    const { outcome, report, state } = await ended(recovery, 25 * 60_000);
    assert.ok(['healed', 'resolved'].includes(outcome.status), outcome.sentence);
    const removal = state.steps.find(({ id }) => id === 'remove-member');
    assert.notEqual(removal?.state, 'done', removal?.note);
    await untilThreeVoters(lab, 'master-0');
    assert.deepEqual(await idsBut(NODE), others);
    await assertNothingLeft(lab, before, report);
  });
});

test('a Machine that lags behind is waited for by name, and the run goes on when it has followed', async (t) => {
  const stuck = faultNamed('machine-status-stuck');
  const follow = () => stuck.healByForce(lab, 'master-2', { progress });
  await requireWhole(lab);
  // Of a test before this one that failed.
  await removeKept(lab);
  try {
    await stuck.break(lab, 'master-2', { progress });
    await whileEtcdBroken(lab, { fault: 'etcd-address-change', node: 'master-2' }, () => lagging(t, follow));
  } finally {
    await follow();
  }
});

function lags({ verdict }: RunState): boolean {
  return verdict?.kind === 'wait' && verdict.reason === 'MachineLags';
}

async function lagging(t: TestContext, follow: () => Promise<void>): Promise<void> {
  const recovery = await recoverEtcd(stage, { node: 'master-2', dryRun: true });
  try {
    await untilRun(recovery, 'MachineLags', lags);
    await refusedWithoutPatience('master-2');
    await follow();
    const { outcome } = await ended(recovery, 10 * 60_000);
    assert.equal(outcome.status, 'dry-run', outcome.sentence);
  } finally {
    // It may have ended, which is what is wanted.
    await recovery.terminate('the test is over').catch(() => {});
  }
  // What follows is the same break, of which the operator has removed the member by now.
  await recoverFrom(t, stage, { fault: 'etcd-address-change', node: 'master-2', broken: true });
}

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

test('the operator heals a change of address alone, its gate open for one revision: the run notices, and has done nothing', async () => {
  await requireSteady(lab);
  await removeKept(lab);
  await whileEtcdBroken(lab, { fault: 'etcd-address-change', node: NODE }, async () => {
    await openGateOnce();
    await healedByOthers();
  });
});

/**
 * An operator that has not missed the member yet has its gate open by itself (run D of the measurements), which is a matter of
 * seconds; this one has missed it, and somebody holds the gate open for as long as it takes to make a revision.
 */
async function openGateOnce(): Promise<void> {
  await until('the operator has removed the stale member', 5, async () => {
    const now = await members();
    return now.every(({ name }) => name !== NODE) || JSON.stringify(now);
  });
  await until('its certificates are renewed', 5, async () => {
    await assertSecretsNameAddress(lab, NODE);
    return true;
  });
  const revision = await revisionOf(lab);
  await override(lab, 'on');
  try {
    await until('a newer revision', 5, async () => (await revisionOf(lab)) > revision || 'not yet');
  } finally {
    await override(lab, 'off');
  }
}

async function healedByOthers(): Promise<void> {
  const since = new Date().toISOString();
  const { outcome, state } = await ended(await recoverEtcd(stage, { node: NODE }), 15 * 60_000);
  assert.equal(outcome.status, 'resolved', outcome.sentence);
  assert.deepEqual(
    state.steps.filter((step) => step.startedAt !== undefined),
    [],
  );
  assert.ok((await requestsByCpr(lab, since)) > 0, 'cpr has looked, so the audit log would show a write');
  assert.deepEqual(await writesByCpr(lab, since), []);
  assert.deepEqual(await keptOn(lab), []);
  // Its own roll-outs go on for a while when every member is healthy again.
  await requireWhole(lab);
  await assertWhole(lab);
  await assertCertificatesNameAddress(lab, NODE);
}

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

async function replacedByOthers(): Promise<void> {
  const mine = (await members()).find(({ name }) => name === NODE);
  assert.ok(mine);
  await lab.etcdctl('master-0', ['member', 'remove', mine.id]);
  await until('the operator has added another', 5, async () => {
    const now = await members();
    return (now.length === 3 && !now.some(({ id }) => id === mine.id)) || JSON.stringify(now);
  });
}

async function members(): Promise<EtcdMember[]> {
  return parseMembers((await memberLines(lab, 'master-0')).join('\n'));
}

async function idsBut(node: string): Promise<string[]> {
  return (await members()).flatMap(({ id, name }) => (name === node ? [] : [id])).toSorted();
}
