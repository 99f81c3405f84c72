import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createNodeLane } from '../../activities/connections/node-lane.ts';
import { verifyKubeletRecovery } from '../../activities/observe/verify.ts';
import { apiIntName } from '../../lab/settings.ts';
import { loadInventory } from '../../worker/config/inventory.ts';
import { requireHealthy } from './support/broken.ts';
import { faultsOf, rememberHealthy, type Before } from './support/node-proof.ts';
import {
  makeDurable,
  plantAdminCertificate,
  plantTemporaryToken,
  withStaleMirrorPod,
} from './support/plants.ts';
import { openStage, type Stage } from './support/stage.ts';

const node = 'master-1';
let stage: Stage;
let healthy: Before;
before(async () => {
  stage = await openStage();
  await requireHealthy(stage.lab);
  await makeDurable(stage.lab, node);
  healthy = await rememberHealthy(stage.lab, node);
});
after(() => stage[Symbol.asyncDispose]());

/** Both proofs of the end state: ours from the node, and the product's own activity. */
async function proofs(restartedAt: number): Promise<{ ours: string[]; product: string }> {
  return {
    ours: await faultsOf(stage.lab, node, healthy, restartedAt),
    product: await productSays(restartedAt),
  };
}

test('both proofs are green on a node that is graduated', async () => {
  assert.deepEqual(await proofs(0), { ours: [], product: 'proved' });
});

test('a planted admin certificate turns both red', async (t) => {
  for (const place of ['/var/lib/kubelet/pki', '/var/lib/kubelet-recovery/old-run']) {
    await t.test(place, async () => {
      await using planted = await plantAdminCertificate(stage.lab, node, place);
      const { ours, product } = await proofs(0);
      assert.deepEqual(ours, [`certificate of system:masters in ${planted.path}`]);
      assert.match(product, new RegExp(`no certificate of system:masters .*${planted.path}`));
    });
  }
});

test('an admin kubeconfig under the backups turns both red', async () => {
  await using planted = await plantAdminCertificate(
    stage.lab,
    node,
    '/var/lib/kubelet-recovery/old-run',
    'kubeconfig',
  );
  const { ours, product } = await proofs(0);
  assert.deepEqual(ours, [`certificate of system:masters in ${planted.path}`]);
  assert.match(product, /no certificate of system:masters/);
});

test('a left-over token turns both red', async () => {
  await using planted = await plantTemporaryToken(stage.lab, node);
  const { ours, product } = await proofs(0);
  assert.ok(ours.includes(`temporary token in ${planted.path}`), ours.join('\n'));
  assert.match(
    product,
    /the credential in its bootstrap file does not expire|no temporary credential is left/,
  );
});

test('a stale mirror pod turns both red: one of another manifest, and one of a kubelet that is silent', async () => {
  await withStaleMirrorPod(stage.lab, node, async ({ pod, silentSince }) => {
    const { ours, product } = await proofs(silentSince);
    assert.ok(
      ours.some((fault) => fault.startsWith(`mirror pod ${pod} is stale: hash`)),
      ours.join('\n'),
    );
    assert.equal(ours.filter((fault) => fault.includes('its status is older than the restart')).length, 3);
    assert.match(product, /not proved that each of its 4 manifests has its mirror pod/);
  });
});

async function productSays(restartedAt: number): Promise<string> {
  const { lab, inventory } = stage;
  const { clusters } = await loadInventory(inventory);
  const cluster = clusters[lab.name];
  assert.ok(cluster);
  const input = {
    cluster: lab.name,
    node,
    runId: 'proof',
    since: new Date(restartedAt * 1000).toISOString(),
    server: `https://${apiIntName(lab.settings)}:6443`,
    soakMs: 0,
    timeoutMs: 1,
    stage: 'graduated' as const,
  };
  const { signal } = new AbortController();
  try {
    await verifyKubeletRecovery(cluster, createNodeLane(cluster), input, signal);
    return 'proved';
  } catch (error) {
    return (error as Error).message;
  }
}
