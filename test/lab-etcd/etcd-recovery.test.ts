import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { turnKnobs } from '../../lab/platform/knobs.ts';
import { recoverFrom, requireWhole } from '../lab-long/support/etcd-cases.ts';
import { openEtcdStage, recoverEtcd } from '../lab-long/support/etcd-recoveries.ts';
import { keptOn, surroundings } from '../lab-long/support/left-behind.ts';
import { requestsByCpr, writesByCpr } from '../lab/support/audit.ts';
import { makeSshShim } from '../lab/support/ssh-shim.ts';
import { ended } from '../lab/support/stage.ts';
import { ownLab } from '../lab-long/support/own-lab.ts';

/** A lab of its own, with an etcd operator; one case of each kind. All the others stand in test/lab-long. */
const NODE = 'master-1';
const { lab, close } = await ownLab('etcd', '10.92.0', 'main');
// Three installers for each revision, and each promotion makes two: what their half minute is good for is shown in test/lab-long.
turnKnobs(lab.settings, { installerWaitSeconds: 3 });
// What the default of two minutes is good for is shown there too.
const stage = await openEtcdStage({ seenFor: '20s' });
const shim = makeSshShim();
after(async () => {
  await stage[Symbol.asyncDispose]();
  shim.remove();
  await close();
});

test('lost data: healed on one vote, though the worker dies between the removal and its reply', async (t) => {
  shim.killAt({ script: 'change-member', when: 'ended' });
  const first = await stage.startWorker({ path: shim.directory });
  await recoverFrom(t, stage, {
    fault: 'etcd-data-lost',
    node: NODE,
    async meanwhile() {
      await first.ended;
      await stage.startWorker();
    },
  });
});

test('once it is healthy, the same request is refused, and nothing is written', async () => {
  await requireWhole(lab);
  const since = new Date().toISOString();
  const before = await surroundings(lab);
  const { outcome } = await ended(await recoverEtcd(stage, { node: NODE }), 120_000);
  assert.equal(outcome.reason, 'EtcdHealthy', outcome.sentence);
  assert.ok(outcome.handOver, 'it says what to do instead');
  assert.ok((await requestsByCpr(lab, since)) > 0, 'cpr has looked, so the audit log would show a write');
  assert.deepEqual(await writesByCpr(lab, since), []);
  assert.deepEqual(await keptOn(lab), []);
  assert.deepEqual(await surroundings(lab), before);
});
