import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure } from '../../../activities/failure.ts';
import { observeControlPlane } from '../../../activities/observe/control-plane.ts';
import { fakeApi, refused, type FakeAnswer, type FakeCall } from '../support/fake-api.ts';
import { kubeletRequest } from '../support/fake-cluster.ts';
import { clusterWith } from '../support/fake-node.ts';
import { healthyWords, stubLane } from '../support/stub-lane.ts';

const { signal } = new AbortController();
const lane = stubLane(async ({ node }) => healthyWords({ nodeName: node }));
const now = () => ago(0);

function ago(seconds: number): string {
  return new Date(Date.now() - seconds * 1000).toISOString();
}

/** A cluster that is well, minus what `change` answers. */
function healthy(change: (call: FakeCall) => FakeAnswer | undefined = () => undefined) {
  return (call: FakeCall): FakeAnswer => {
    const { path } = call;
    const changed = change(call);
    if (changed !== undefined) return changed;
    if (path === '/version') return { body: { gitVersion: 'v1.34.4' } };
    if (path.startsWith('/api/v1/nodes/')) {
      const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }];
      return {
        body: {
          metadata: { uid: 'u', labels: { 'node-role.kubernetes.io/master': '' } },
          status: { conditions },
        },
      };
    }
    if (path.includes('/leases/')) {
      return { body: { spec: { holderIdentity: 'x', renewTime: now(), leaseDurationSeconds: 15 } } };
    }
    if (path.includes('/secrets/')) {
      return {
        body: {
          metadata: { name: 'node-bootstrapper-token' },
          data: { token: 'c2VjcmV0LW9mLXRoZS1jbHVzdGVy' },
        },
      };
    }
    if (path.includes('/selfsubject'))
      return { body: { status: { userInfo: { username: 'cpr' }, allowed: true } } };
    return { body: { items: [] } };
  };
}

describe('a look at the control plane', { concurrency: 4 }, () => {
  it('keeps the requests in the name of a master, and counts the others', async (t) => {
    const others = await Promise.all(
      Array.from({ length: 60 }, (_, number) =>
        kubeletRequest(`worker-${number}`, { subject: `O=system:nodes, CN=system:node:worker-${number}` }),
      ),
    );
    const items = [...others, await kubeletRequest('own')];
    const api = await fakeApi(
      t,
      healthy(({ path }) => (path.endsWith('/certificatesigningrequests') ? { body: { items } } : undefined)),
    );
    const seen = await observeControlPlane(clusterWith('master-1', api.kubeconfig), lane, signal);
    assert.deepEqual(seen.csrs.known && seen.csrs.value.map(({ name }) => name), ['own']);
    assert.equal(seen.otherCsrs, 60);
  });

  it('finds everything in one bounded sweep, and no secret in it', async (t) => {
    const api = await fakeApi(t, healthy());
    const seen = await observeControlPlane(clusterWith('master-1', api.kubeconfig), lane, signal);
    assert.ok(seen.api.known);
    const { clockAheadMs, ...endpoint } = seen.api.value;
    assert.deepEqual(endpoint, { server: api.server, version: 'v1.34.4' });
    assert.equal(typeof clockAheadMs, 'number');
    const [master] = seen.masters;
    assert.equal(master?.node.known && master.node.value.ready, 'True');
    assert.equal(master?.kubelet.known, true);
    assert.equal(master?.etcd.known && master.etcd.value.healthy, true);
    assert.equal(seen.signer.known && seen.signer.value.alive, true);
    assert.equal(seen.bootstrapSecret.known && seen.bootstrapSecret.value.hasToken, true);
    assert.equal(seen.cost.apiCalls, api.calls.length);
    assert.doesNotMatch(JSON.stringify(seen), /c2VjcmV0|secret-of-the-cluster/);
  });

  it('of a cluster that does not answer is a look full of reasons, not a crash', async (t) => {
    const api = await fakeApi(t, () => refused(503, 'starting'));
    const seen = await observeControlPlane(clusterWith('master-1', api.kubeconfig), lane, signal);
    for (const reading of [seen.api, seen.csrs, seen.signer, seen.bootstrapSecret, seen.masters[0]?.node]) {
      assert.equal(reading?.known, false);
      assert.match(reading && !reading.known ? reading.why : '', /503 starting/);
      assert.equal(reading && !reading.known && reading.cause, 'ApiUnreachable');
    }
    assert.equal(seen.masters[0]?.kubelet.known, true);
    assert.equal(api.calls.length, 1, 'nobody knocks twelve more times at a closed door');
  });

  it('without a usable kubeconfig still sees the nodes', async () => {
    const seen = await observeControlPlane(clusterWith('master-1', '/nonexistent'), lane, signal);
    assert.match(!seen.api.known ? seen.api.why : '', /kubeconfig \/nonexistent/);
    assert.equal(seen.masters[0]?.kubelet.known, true);
  });

  it('says by name why a node was not seen', async (t) => {
    const api = await fakeApi(t, healthy());
    const dead = stubLane(() => Promise.reject(failure('NodeUnreachable', 'connection refused')));
    const [master] = (await observeControlPlane(clusterWith('master-1', api.kubeconfig), dead, signal))
      .masters;
    for (const reading of [master?.kubelet, master?.etcd, master?.apiServer]) {
      assert.equal(reading && !reading.known && reading.cause, 'NodeUnreachable');
    }
    assert.equal(master?.node.known, true);
  });

  it('believes nothing of a node that leaves something out', async (t) => {
    const api = await fakeApi(t, healthy());
    for (const change of [
      { admin: undefined },
      { disk: 'much' },
      { certState: 'fine' },
      { unit: '' },
      { nodeTime: 'now' },
    ]) {
      const words = { ...healthyWords(), ...change } as Record<string, string>;
      const lying = stubLane(async () => words);
      const [master] = (await observeControlPlane(clusterWith('master-1', api.kubeconfig), lying, signal))
        .masters;
      assert.equal(master?.kubelet.known, false, JSON.stringify(change));
      assert.equal(master?.etcd.known, false);
    }
  });

  it('takes one forbidden read for one unknown, with the words of the API', async (t) => {
    const api = await fakeApi(
      t,
      healthy(({ path }) => (path.includes('/secrets/') ? refused(403, 'secrets is forbidden') : undefined)),
    );
    const seen = await observeControlPlane(clusterWith('master-1', api.kubeconfig), lane, signal);
    assert.match(!seen.bootstrapSecret.known ? seen.bootstrapSecret.why : '', /secrets is forbidden/);
    assert.equal(seen.csrs.known, true);
  });

  const held = { holderIdentity: 'x', leaseDurationSeconds: 3600 };
  const leases: [string, () => object, boolean][] = [
    ['renewed within its duration', () => ({ ...held, renewTime: ago(60) }), true],
    ['renewed long before', () => ({ ...held, renewTime: ago(3 * 3600) }), false],
    ['given back', () => ({ ...held, holderIdentity: '', renewTime: ago(1) }), false],
    ['without a time', () => held, false],
  ];
  for (const [name, spec, alive] of leases) {
    it(`a signer's lease ${name}: ${alive ? 'alive' : 'not alive'}`, async (t) => {
      const api = await fakeApi(
        t,
        healthy(({ path }) =>
          path.endsWith('/kube-controller-manager') ? { body: { spec: spec() } } : undefined,
        ),
      );
      const { signer } = await observeControlPlane(clusterWith('master-1', api.kubeconfig), lane, signal);
      assert.equal(signer.known && signer.value.alive, alive);
    });
  }

  it('ends when it is told to', async (t) => {
    const api = await fakeApi(t, () => 'hang');
    const abort = new AbortController();
    const looking = observeControlPlane(clusterWith('master-1', api.kubeconfig), lane, abort.signal);
    setImmediate(() => abort.abort(new Error('cancelled')));
    await assert.rejects(looking, /cancelled/);
  });
});
