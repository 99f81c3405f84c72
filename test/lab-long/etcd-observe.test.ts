import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createNodeLane } from '../../activities/connections/node-lane.ts';
import { scriptHashes } from '../../activities/node-scripts/scripts.ts';
import { awaitEtcd } from '../../activities/observe/etcd/await-etcd.ts';
import { readEtcdGate } from '../../activities/observe/etcd/gate.ts';
import { observeEtcd } from '../../activities/observe/etcd/observe-etcd.ts';
import { sightingOf } from '../../domain/etcd/assessment.ts';
import type { FaultKind } from '../../domain/etcd/classify.ts';
import type { EtcdObservation } from '../../domain/etcd/observation.ts';
import type { EtcdPins } from '../../domain/etcd/pins.ts';
import { defaultEtcdPolicy } from '../../domain/etcd/policy.ts';
import type { Sighting } from '../../domain/etcd/sighting.ts';
import { surveyOf } from '../../domain/etcd/survey.ts';
import { decideEtcdRecovery, type EtcdVerdict } from '../../domain/etcd/verdict.ts';
import { faultNamed } from '../../lab/faults/index.ts';
import { silentProgress } from '../../lab/host/progress.ts';
import { labDown, labUp } from '../../lab/lab.ts';
import { loadInventory } from '../../worker/config/inventory.ts';
import { untilSettled, untilThreeVoters } from './support/etcd-operator.ts';

/** A lab of its own: four faults, each looked at for two minutes and longer. */
process.env['CPR_LAB_NAME'] = 'etcdlook';
process.env['CPR_LAB_SUBNET'] = '10.97.0';
const progress = silentProgress();
const lab = await labUp({ progress, platform: 'main' });
after(() => labDown({ progress }));

const NODE = 'master-2';
const { signal } = new AbortController();
const { clusters } = await loadInventory(lab.inventory);
const cluster = clusters[lab.name] ?? assert.fail('the lab is not in its inventory');
const lane = createNodeLane(cluster);
/** Nobody waits here for the operator to mend it alone. */
const policy = { ...defaultEtcdPolicy, operatorGraceMs: 0 };

function decide(observation: EtcdObservation): EtcdVerdict {
  const request = { cluster: lab.name, runbook: 'EtcdRecovery', reason: 'test', requestedBy: 'test' };
  return decideEtcdRecovery(
    {
      observation,
      request: request as never,
      policy,
      runId: 'run-1',
      scripts: scriptHashes(),
      now: new Date().toISOString(),
    },
    () => 'digest',
  );
}

function saying(verdict: EtcdVerdict): string {
  return [verdict.kind, verdict.kind === 'proceed' ? '' : verdict.reason, verdict.because].join(' ');
}

/** Looks again every quarter of a minute, as a run does, until there is a plan. */
async function untilPlanned(t: TestContext): Promise<{ verdict: EtcdVerdict; sighting: Sighting }> {
  const deadline = Date.now() + 12 * 60_000;
  let before: Sighting | undefined;
  let said = '';
  for (;;) {
    const observation = await observeEtcd(cluster, lane, { before, signal });
    const verdict = decide(observation);
    before = sightingOf(observation);
    if (saying(verdict) !== said)
      t.diagnostic(`${observation.at} (${observation.cost.milliseconds} ms): ${saying(verdict)}`);
    said = saying(verdict);
    if (verdict.kind === 'proceed' && before) return { verdict, sighting: before };
    assert.ok(Date.now() < deadline, `no plan within 12 minutes; last: ${said}`);
    await sleep(15_000);
  }
}

test('a healthy cluster is read whole, and nothing is to be recovered', async (t) => {
  await untilSettled(lab, 2);
  const observation = await observeEtcd(cluster, lane, { signal });
  t.diagnostic(`three masters in ${observation.cost.milliseconds} ms, ${observation.cost.apiCalls} calls`);
  const verdict = decide(observation);
  assert.equal(verdict.kind === 'refuse' && verdict.reason, 'EtcdHealthy', saying(verdict));
  assert.equal((await readEtcdGate(cluster, lane, signal)).gate, 'open');
});

test('what has not failed is proved whole, the data of all members being equal at one revision', async () => {
  const { clusterId, survivors, members } = surveyOf(await observeEtcd(cluster, lane, { signal }));
  const all = survivors.map(({ master, memberId }) => ({
    node: master.name,
    memberId,
    peerUrls: members.find(({ id }) => id === memberId)?.peerUrls ?? [],
  }));
  const [executor] = all;
  assert.ok(executor);
  const pins: EtcdPins = {
    runId: 'run-1',
    scripts: {},
    clusterId,
    cause: 'data-lost',
    strategy: 'replace',
    operator: 'revision-gated',
    target: { node: NODE, nodeUid: '', addresses: [lab.address(NODE)] },
    executor,
    survivors: all,
    certificates: { cure: 'none', secrets: [] },
    overrides: 'absent',
    remediators: [],
    recipient: '',
  };
  const input = { cluster: lab.name, pins, soakMs: 5_000, timeoutMs: 5 * 60_000 };
  for (const goal of ['rolled-out', 'voter', 'recovered'] as const)
    await awaitEtcd(cluster, lane, { ...input, goal }, signal);
});

const cases: [fault: string, cause: FaultKind][] = [
  ['etcd-data-lost', 'data-lost'],
  ['etcd-data-corrupt', 'data-corrupt'],
  ['etcd-bad-certificate', 'certificate'],
  ['etcd-address-change', 'address-changed'],
];

for (const [name, cause] of cases) {
  test(`${name} is recognised, and acted on only after two minutes`, async (t) => {
    const fault = faultNamed(name) ?? assert.fail(name);
    await fault.break(lab, NODE, { progress });
    const { verdict, sighting } = await untilPlanned(t);
    const plan = verdict.kind === 'proceed' ? verdict.plan : undefined;
    assert.deepEqual([plan?.pins.cause, plan?.pins.target.node], [cause, NODE]);
    assert.ok(Date.parse(sighting.last) - Date.parse(sighting.since) >= policy.seenForMs);
    t.diagnostic(`steps: ${plan?.steps.map(({ id }) => id).join(' ')}`);
    if (name === 'etcd-address-change') return;
    await fault.healByForce(lab, NODE, { progress });
    await untilThreeVoters(lab, 'master-0');
    await untilSettled(lab, 2);
    // A change of membership is a new revision a little later, which a fault must not run into.
    await sleep(30_000);
    await untilSettled(lab, 2);
  });
}
