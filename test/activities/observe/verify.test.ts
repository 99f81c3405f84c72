import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { VerifyInput } from '../../../activities/contract.ts';
import { isFailure } from '../../../activities/failure.ts';
import { verifyKubeletRecovery } from '../../../activities/observe/verify.ts';
import { clientCertificatePath } from '../../../domain/kubelet/names.ts';
import { certificate } from '../support/certificates.ts';
import { fakeApi, type FakeAnswer, type FakeCall } from '../support/fake-api.ts';
import { clusterWith, nodeServer } from '../support/fake-node.ts';
import { healthyWords, stubLane } from '../support/stub-lane.ts';

const { signal } = new AbortController();
const input: VerifyInput = {
  cluster: 'fake',
  node: 'master-1',
  runId: 'run-1',
  server: nodeServer,
  since: '2026-11-22T20:00:00Z',
  soakMs: 0,
  timeoutMs: 400,
  stage: 'recovered',
};

const mirrorPod = {
  metadata: {
    name: 'etcd-master-1',
    namespace: 'openshift-etcd',
    annotations: { 'kubernetes.io/config.mirror': 'abc' },
    managedFields: [{ manager: 'kubelet', subresource: 'status', time: '2026-11-22T20:00:05Z' }],
  },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
};
const staticPod = {
  'manifest.0.file': 'etcd-pod.yaml',
  'manifest.0.sha256': 'c'.repeat(64),
  'manifest.0.changed': '1763800000',
  'manifest.0.body': 'metadata: {name: etcd, namespace: openshift-etcd}',
  pods: JSON.stringify([
    { namespace: 'openshift-etcd', name: 'etcd-master-1', state: 'SANDBOX_READY', hash: 'abc' },
  ]),
};

function api({ path }: FakeCall): FakeAnswer {
  if (path.startsWith('/api/v1/nodes/')) {
    return { body: { status: { conditions: [{ type: 'Ready', status: 'True' }] } } };
  }
  return { body: { items: [mirrorPod] } };
}

/** A node that is itself again; how often it was looked at is counted. */
async function node(t: TestContext, change: (look: number) => Record<string, string> = () => ({})) {
  const own = await certificate('O=system:nodes, CN=system:node:master-1', {
    notAfter: new Date('2027-01-01'),
  });
  const looks = { count: 0 };
  const now = new Date().toISOString();
  const lane = stubLane(async () => {
    looks.count += 1;
    return healthyWords({
      nodeTime: now,
      'identity.accepted': 'yes',
      'identity.detail': 'yes',
      'identity.username': 'system:node:master-1',
      certState: 'present',
      certLink: 'kubelet-client-1.pem',
      certPem: own.pem,
      ...staticPod,
      'kubeconfig.state': 'present',
      'kubeconfig.sha256': 'a'.repeat(64),
      'kubeconfig.server': nodeServer,
      'kubeconfig.caSha256': 'b'.repeat(64),
      'kubeconfig.certificatePath': clientCertificatePath,
      'kubeconfig.keyPath': clientCertificatePath,
      ...change(looks.count),
    });
  });
  const renewed = { body: { spec: { renewTime: now } } };
  const fake = await fakeApi(t, (call) => (call.path.includes('/leases/') ? renewed : api(call)));
  const verify = (more: Partial<VerifyInput> = {}) =>
    verifyKubeletRecovery(clusterWith('master-1', fake.kubeconfig), lane, { ...input, ...more }, signal);
  return { verify, looks };
}

describe('verifying', { concurrency: 4 }, () => {
  it('gives every proof and what it rests on', async (t) => {
    const { verify } = await node(t);
    const { proofs, evidence } = await verify({ timeoutMs: 20_000 });
    assert.ok(proofs.some((proof) => proof.includes('CN=system:node:master-1')));
    assert.equal(evidence.nodeName, 'master-1');
  });

  it('says what is missing when time is up, and tells a missing identity apart: no waiting brings that', async (t) => {
    const { verify } = await node(t, () => ({ certState: 'missing' }));
    await assert.rejects(verify(), (error: Error) => {
      assert.match(error.message, /master-1 is not proved healthy after 0.4 s: .*it is missing/);
      return isFailure(error, 'IdentityMissing');
    });
  });

  it('looks again after a look that failed', async (t) => {
    const { verify, looks } = await node(t, (look) => (look === 1 ? { nodeTime: 'nonsense' } : {}));
    await verify({ timeoutMs: 20_000 });
    assert.equal(looks.count, 2);
  });

  it('begins to count anew when a proof breaks while it soaks', async (t) => {
    const { verify, looks } = await node(t, (look) => (look === 2 ? { certState: 'missing' } : {}));
    await verify({ soakMs: 10, timeoutMs: 20_000 });
    assert.equal(looks.count, 4);
  });

  it('asks for more of a graduated node', async (t) => {
    const { verify } = await node(t);
    await assert.rejects(verify({ stage: 'graduated' }), (error: Error) => {
      assert.match(error.message, /bootstrap file/);
      return isFailure(error, 'NotYetHealthy');
    });
  });
});
