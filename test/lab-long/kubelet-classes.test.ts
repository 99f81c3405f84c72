import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listCsrs } from '../../lab/cluster/approver.ts';
import { waitUntil } from '../../lab/cluster/wait.ts';
import { faultNamed } from '../../lab/faults/index.ts';
import { silentProgress } from '../../lab/host/progress.ts';
import type { Lab } from '../../lab/lab.ts';
import type { KubeletClass } from '../../domain/kubelet/classes.ts';
import { requireHealthy } from '../lab/support/broken.ts';
import { fingerprint } from '../lab/support/fingerprint.ts';
import { healthCheckWorkflow } from '../lab/support/health-check.ts';
import { faultsOf, requestsLeft, rememberHealthy } from '../lab/support/node-proof.ts';
import { ended } from '../lab/support/stage.ts';
import { kubeletStarts } from '../lab/support/times.ts';
import { approveAll, ownStage, whileAllBroken } from './support/kubelet-lab.ts';

const node = 'master-1';
const options = { progress: silentProgress() };
const stage = await ownStage();
await stage.startWorker();

interface Case {
  /** Broken in this order. */
  faults: string[];
  class: KubeletClass;
  rung: string;
  /** How often the kubelet is restarted on the way; one that ends at every start is also restarted by systemd. */
  restarts?: number | 'by systemd too';
  /** The kubelet works all along: it has no reason to write its pods' status anew. */
  works?: true;
}

const cases: Case[] = [
  { faults: ['kubelet-certificate-missing'], class: 'C1', rung: 'R0', restarts: 0 },
  { faults: ['kubelet-certificate-expired'], class: 'C1', rung: 'R0', restarts: 0 },
  { faults: ['kubelet-requests-pending'], class: 'C1', rung: 'R0', restarts: 0 },
  { faults: ['bootstrap-rejected', 'kubelet-certificate-unlinked'], class: 'C3', rung: 'R1' },
  {
    faults: ['bootstrap-absent', 'kubelet-certificate-unlinked'],
    class: 'C3',
    rung: 'R1',
    restarts: 'by systemd too',
  },
  { faults: ['kubelet-certificate-no-link'], class: 'C6', rung: 'R1', works: true },
  { faults: ['kubelet-certificate-empty'], class: 'C6', rung: 'R2a', restarts: 'by systemd too' },
  {
    faults: ['bootstrap-rejected', 'kubelet-certificate-empty'],
    class: 'C6',
    rung: 'R2b',
    restarts: 'by systemd too',
  },
  { faults: ['kubelet-certificate-without-key'], class: 'C6', rung: 'R2a', restarts: 'by systemd too' },
  { faults: ['kubelet-certificate-foreign-ca'], class: 'C6', rung: 'R2a' },
  { faults: ['bootstrap-absent', 'kubelet-certificate-foreign-ca'], class: 'C6', rung: 'R2b' },
  { faults: ['kubelet-certificate-other-node'], class: 'C7', rung: 'R2a' },
  { faults: ['bootstrap-rejected', 'kubelet-certificate-other-node'], class: 'C7', rung: 'R2b' },
  { faults: ['kubelet-admin-identity'], class: 'C7', rung: 'G', works: true },
  { faults: ['bootstrap-rejected', 'kubelet-certificate-expired'], class: 'C5', rung: 'R2b' },
  {
    faults: ['bootstrap-absent', 'kubelet-certificate-missing'],
    class: 'C5',
    rung: 'R2b',
    restarts: 'by systemd too',
  },
  { faults: ['foreign-csr', 'bootstrap-rejected', 'kubelet-certificate-missing'], class: 'C5', rung: 'R2b' },
];

for (const one of cases) {
  const { faults, class: kind, rung } = one;
  test(`${faults.join(' + ')}: class ${kind}, healed by ${rung}, ends on its own identity`, (t) =>
    heals(t, one));
}

test('kubelet-certificate-deleted: class C3, and no restart before a certificate made for the node is in place', (t) =>
  heals(t, { faults: ['kubelet-certificate-deleted'], class: 'C3', rung: 'R3', works: true }));

test('its request was approved while nobody can sign: class C2, waited for, then refused by name with nothing changed; it heals by itself once somebody can', async () => {
  const { lab } = stage;
  await stage.endRecovery();
  await requireHealthy(lab);
  const names = ['signer-stopped', 'kubelet-certificate-missing'];
  try {
    for (const name of names) await faultNamed(name).break(lab, node, options);
    await waitUntil('its request is there', () => approvePendingOf(lab), { withinMs: 60_000 });
    const { findings } = await healthCheckWorkflow(stage);
    assert.match(JSON.stringify(findings), /class C2/);

    const before = await fingerprint(lab, node);
    const { outcome, report } = await ended(await stage.recover(), 300_000);
    assert.deepEqual([outcome.status, outcome.reason], ['refused', 'SignerDown'], outcome.sentence);
    assert.match(report, /approved but not issued/);
    assert.equal(await fingerprint(lab, node), before);

    await faultNamed('signer-stopped').healByForce(lab, node, options);
    await requireHealthy(lab);
    assert.equal((await ended(await stage.recover())).outcome.reason, 'NodeHealthy');
  } finally {
    for (const name of names.toReversed()) await faultNamed(name).healByForce(lab, node, options);
  }
});

/** As somebody at a keyboard would. */
async function approvePendingOf(lab: Lab): Promise<true | string> {
  const csr = (await listCsrs(lab.api)).find((one) => one.node === node && one.pending);
  if (!csr) return 'no request of the node is pending';
  await lab.kubectl(['certificate', 'approve', csr.name]);
  return true;
}

/** Breaks, diagnoses, recovers by the rung that is expected, and proves the end from the node. */
async function heals(
  t: { diagnostic(text: string): void },
  { faults, class: kind, rung, restarts = 1, works }: Case,
): Promise<void> {
  const { lab } = stage;
  const healthy = await rememberHealthy(lab, node);
  await whileAllBroken(lab, node, faults, async () => {
    const { findings } = await healthCheckWorkflow(stage);
    const [finding, ...more] = findings;
    assert.deepEqual(more, [], 'one fault is one finding');
    assert.match(JSON.stringify(finding), new RegExp(`class ${kind}`));
    assert.deepEqual(finding?.remedy, { runbook: 'KubeletAuthRecovery', target: node });

    // Of a test that has failed.
    await stage.endRecovery();
    const recovery = await stage.recover();
    const { plan, at } = await approveAll(recovery);
    assert.equal(plan.pins.rung, rung, plan.because);
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'healed', outcome.sentence);
    t.diagnostic(`${rung}: approval to healed and proved ${(Date.now() / 1000 - at).toFixed(1)} s`);
    const undisturbed = works || restarts === 0;
    assert.deepEqual(await faultsOf(lab, node, healthy, undisturbed ? 0 : at), []);
    // What systemd has started with the new credential, just before our restart, has filed a request as well.
    if (restarts === 'by systemd too') return;
    if (!undisturbed) assert.deepEqual(await requestsLeft(lab, node, at), []);
    const starts = (await kubeletStarts(lab, node, at)).length;
    assert.equal(starts, restarts, 'starts of the kubelet');
  });
}
