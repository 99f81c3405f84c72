import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { noteWaitingRequest } from '../../../activities/act/ladder.ts';
import { isFailure } from '../../../activities/failure.ts';
import { csrPredicate } from '../../../domain/kubelet/names.ts';
import { fakeApi } from '../support/fake-api.ts';
import { fakeCluster, kubeletRequest, type FakeCluster } from '../support/fake-cluster.ts';
import { clusterWith } from '../support/fake-node.ts';
import { healthyWords, stubLane } from '../support/stub-lane.ts';

const node = 'master-1';
const { signal } = new AbortController();
const what = { cluster: 'fake', node, csr: csrPredicate(node) };

/** To the second, as systemd has it. */
function systemd(ms: number): string {
  const [day, clock] = new Date(ms).toISOString().split(/[T.]/);
  return `Sun ${day} ${clock} UTC`;
}

/** Its kubelet has run for a minute, by a clock that differs from the API server's. */
function laneOf(nodeAheadMs: number) {
  const nodeNow = Date.now() + nodeAheadMs;
  const unit = healthyWords()['unit']!.replace(/Timestamp=.*/, `Timestamp=${systemd(nodeNow - 60_000)}`);
  return stubLane(async () => healthyWords({ nodeTime: new Date(nodeNow).toISOString(), unit }));
}

async function filed({ csrs }: FakeCluster, name: string, agoMs: number): Promise<void> {
  const csr = await kubeletRequest(name);
  const createdAt = new Date(Date.now() - agoMs).toISOString().replace(/\.\d+/, '');
  csrs.push({ ...csr, metadata: { ...csr.metadata, creationTimestamp: createdAt } });
}

/** What is asked of the endpoint breaks off; a master's own API server is there. */
async function detour(t: TestContext, cluster: FakeCluster) {
  const endpoint = await fakeApi(t, () => 'cut');
  cluster.interfere = ({ path }) => {
    if (path === '/readyz') return { body: 'ok' };
    return path.startsWith('/api/v1/nodes/') ? { body: {} } : undefined;
  };
  const port = Number(new URL(cluster.api.server).port);
  const lane = { ...laneOf(0), dial: () => connect(port, '127.0.0.1') };
  return { cluster: clusterWith(node, endpoint.kubeconfig), lane, signal };
}

describe('the request that the running kubelet waits for', { concurrency: 4 }, () => {
  for (const minutes of [-10, 0, 10]) {
    it(`is told from an older one though the node's clock is ${minutes} minutes ahead`, async (t) => {
      const cluster = await fakeCluster(t);
      await filed(cluster, 'of-its-predecessor', 90_000);
      await filed(cluster, 'its-own', 50_000);
      const reach = { cluster: cluster.connection, lane: laneOf(minutes * 60_000), signal };
      assert.deepEqual((await noteWaitingRequest(reach, what)).before, ['uid-of-its-predecessor']);
    });
  }

  it('is not there yet while only its predecessor has filed one, whatever the node takes the time for', async (t) => {
    const cluster = await fakeCluster(t);
    await filed(cluster, 'of-its-predecessor', 90_000);
    const reach = { cluster: cluster.connection, lane: laneOf(-600_000), signal };
    await assert.rejects(noteWaitingRequest(reach, what), (error) => isFailure(error, 'CsrNotYetThere'));
  });

  it('is found through a master when the endpoint does not answer', async (t) => {
    const cluster = await fakeCluster(t);
    await filed(cluster, 'its-own', 50_000);
    assert.deepEqual((await noteWaitingRequest(await detour(t, cluster), what)).before, []);
  });
});
