import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { whileAlso } from '../lab/support/broken.ts';
import type { Stage } from '../lab/support/stage.ts';
import { recoverFrom } from './support/etcd-cases.ts';
import { openEtcdStage } from './support/etcd-recoveries.ts';
import { ownLab } from './support/own-lab.ts';

/** A lab of its own: a node's address changes for good. With the older operator, whose other cases stand in etcd-recovery-416. */
const { lab, close } = await ownLab('recreach', '10.90.0', '4.16');
after(close);
const NODE = 'master-1';
const policy = { seenFor: '20s' };

/** Ends with the test, so that the next one has the cluster's lock. */
async function withStage(more: object, work: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = await openEtcdStage(policy, more);
  try {
    await work(stage);
  } finally {
    await stage[Symbol.asyncDispose]();
  }
}

test('the endpoint that we have been given is down from the start: looked at, decided and acted through a master', async (t) => {
  await withStage({}, async (stage) => {
    const ours = readFileSync(join(lab.dir, 'cpr.kubeconfig'), 'utf8');
    const nobody = ours.replace(/^(\s+server: https:\/\/[\d.]+):\d+$/m, '$1:6499');
    assert.notEqual(nobody, ours);
    await stage.startWorker({ inventory: stage.inventoryWith(nobody) });
    const { report } = await recoverFrom(t, stage, { fault: 'etcd-data-lost', node: NODE });
    assert.match(report, /API server on master-\d/);
  });
});

test('the endpoint comes and goes from the vote on, for a minute: each act once, and healed', async (t) => {
  await withStage({}, async (stage) => {
    await stage.startWorker();
    await recoverFrom(t, stage, {
      fault: 'etcd-data-lost',
      node: NODE,
      meanwhile: () => whileAlso(lab, 'api-endpoint-flapping', NODE, () => sleep(60_000)),
    });
  });
});

test('without ssh: a changed address is recovered from pods alone', async (t) => {
  const rbac = join(import.meta.dirname, '../../deploy/rbac/pod-lane/pod-lane.yaml');
  await lab.kubectl(['apply', '-f', rbac]);
  const bin = noSsh();
  try {
    await withStage({ nodeAccess: 'pod' }, async (stage) => {
      await stage.startWorker({ path: bin });
      await recoverFrom(t, stage, { fault: 'etcd-address-change', node: 'master-0' });
    });
    assert.ok(!existsSync(join(bin, 'used')), 'nobody has tried ssh');
  } finally {
    rmSync(bin, { recursive: true });
    await lab.kubectl(['delete', '--wait=false', '-f', rbac]);
  }
});

/** A directory with an ssh that reaches nobody, and remembers that it was asked. */
function noSsh(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cpr-no-ssh-'));
  writeFileSync(join(directory, 'ssh'), `#!/bin/sh\n: > '${directory}/used'\nexit 255\n`, { mode: 0o755 });
  return directory;
}
