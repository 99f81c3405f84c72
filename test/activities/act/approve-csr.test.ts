import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { approveKubeletCsr } from '../../../activities/act/approve-csr.ts';
import type { ActivityErrorType, ApproveCsrInput } from '../../../activities/contract.ts';
import { isFailure } from '../../../activities/failure.ts';
import { bootstrapRequester } from '../../../domain/kubelet/names.ts';
import { certificate } from '../support/certificates.ts';
import { refused } from '../support/fake-api.ts';
import { fakeCluster, kubeletRequest, type FakeCluster } from '../support/fake-cluster.ts';
import { healthyWords, stubLane } from '../support/stub-lane.ts';
import { until } from '../../temporal/support/processes.ts';

const input: ApproveCsrInput = {
  cluster: 'fake',
  node: 'master-1',
  before: ['uid-old'],
  requester: bootstrapRequester,
  commonName: 'system:node:master-1',
  organizations: ['system:nodes'],
  usages: ['digital signature', 'client auth', 'key encipherment'],
};

const { signal } = new AbortController();

/** Without a certificate, unless the test says otherwise. */
function approve(cluster: FakeCluster, words: Record<string, string> = {}) {
  const lane = stubLane(async () => healthyWords(words));
  return approveKubeletCsr(cluster.connection, lane, input, { by: 'the test', signal, settleMs: 20 });
}

const lists = ({ api }: FakeCluster) =>
  api.calls.filter(({ path }) => path.endsWith('/certificatesigningrequests')).length;
const puts = ({ api }: FakeCluster) => api.calls.filter(({ method }) => method === 'PUT');

describe('approveKubeletCsr', { concurrency: 4 }, () => {
  it('approves the one request that was not there before, and says by whom', async (t) => {
    const cluster = await fakeCluster(t);
    cluster.csrs = [await kubeletRequest('old'), await kubeletRequest('new')];
    const done = await approve(cluster);
    assert.deepEqual([done.changed, done.name, done.uid], [true, 'new', 'uid-new']);
    const [condition] = cluster.csrs[1]?.status?.conditions ?? [];
    assert.equal(condition?.type, 'Approved');
    assert.match(condition?.message ?? '', /by the test/);
    assert.equal(cluster.csrs[0]?.status?.conditions, undefined);
  });

  const certificates = {
    'its own certificate': { subject: 'O=system:nodes, CN=system:node:master-1', enough: true },
    'the certificate of another': { subject: 'O=system:nodes, CN=system:node:master-2', enough: false },
    'an expired certificate': {
      subject: 'O=system:nodes, CN=system:node:master-1',
      notAfter: new Date(Date.now() - 60_000),
      enough: false,
    },
  };
  for (const [what, { subject, enough, ...validity }] of Object.entries(certificates)) {
    it(`${enough ? 'approves nothing' : 'approves the request'} when the node has ${what}`, async (t) => {
      const cluster = await fakeCluster(t);
      cluster.csrs = [await kubeletRequest('new')];
      const { pem } = await certificate(subject, validity);
      const nodeTime = new Date().toISOString();
      const words = { nodeTime, certState: 'present', certLink: 'kubelet-client-1.pem', certPem: pem };
      assert.equal((await approve(cluster, words)).changed, !enough);
      assert.equal(puts(cluster).length, enough ? 0 : 1);
    });
  }

  it('asks the node while the request settles, and approves nothing before the node has answered', async (t) => {
    const cluster = await fakeCluster(t);
    cluster.csrs = [await kubeletRequest('new')];
    const answered = Promise.withResolvers<Record<string, string>>();
    const lane = stubLane(() => answered.promise);
    const options = { by: 'the test', signal, settleMs: 20 };
    const done = approveKubeletCsr(cluster.connection, lane, input, options);
    await until(() => lists(cluster) === 2);
    await sleep(100);
    assert.equal(puts(cluster).length, 0);
    answered.resolve(healthyWords());
    assert.equal((await done).changed, true);
  });

  it('has nothing to approve where the node has its own certificate, however many requests there are', async (t) => {
    const cluster = await fakeCluster(t);
    cluster.csrs = [await kubeletRequest('one'), await kubeletRequest('two')];
    const { pem } = await certificate('O=system:nodes, CN=system:node:master-1');
    const nodeTime = new Date().toISOString();
    const words = { nodeTime, certState: 'present', certLink: 'kubelet-client-1.pem', certPem: pem };
    assert.equal((await approve(cluster, words)).changed, false);
    assert.equal(puts(cluster).length, 0);
  });

  it('goes on when the node cannot be asked', async (t) => {
    const cluster = await fakeCluster(t);
    cluster.csrs = [await kubeletRequest('new')];
    assert.equal((await approve(cluster, { certState: 'nonsense' })).changed, true);
  });

  it('finds it done the second time, and sends nothing', async (t) => {
    const cluster = await fakeCluster(t);
    cluster.csrs = [await kubeletRequest('new')];
    await approve(cluster);
    assert.equal((await approve(cluster)).changed, false);
    assert.equal(puts(cluster).length, 1);
  });

  it('reads again when the request changed under it', async (t) => {
    const cluster = await fakeCluster(t);
    cluster.csrs = [await kubeletRequest('new')];
    let conflicts = 0;
    cluster.interfere = ({ method }) =>
      method === 'PUT' && conflicts++ < 2 ? refused(409, 'modified') : undefined;
    assert.equal((await approve(cluster)).changed, true);
    assert.equal(puts(cluster).length, 3);
  });

  it('reads back when the answer was lost after the approval took effect, and does not approve twice', async (t) => {
    const cluster = await fakeCluster(t);
    cluster.csrs = [await kubeletRequest('new')];
    cluster.interfere = ({ method }) => (method === 'PUT' ? 'after' : undefined);
    assert.equal((await approve(cluster)).changed, true);
    assert.equal(puts(cluster).length, 1);
  });

  it('leaves it to the next attempt when the answer was lost before the approval took effect', async (t) => {
    const cluster = await fakeCluster(t);
    cluster.csrs = [await kubeletRequest('new')];
    cluster.interfere = ({ method }) => (method === 'PUT' ? 'cut' : undefined);
    await assert.rejects(approve(cluster), (error) => isFailure(error, 'ApiUnreachable'));
    cluster.interfere = () => undefined;
    assert.equal((await approve(cluster)).changed, true);
  });

  it('waits for a request that comes late', async (t) => {
    const cluster = await fakeCluster(t);
    const late = await kubeletRequest('new');
    let looks = 0;
    cluster.interfere = () => {
      if (++looks === 2) cluster.csrs = [late];
      return undefined;
    };
    assert.equal((await approve(cluster)).name, 'new');
  });

  it('approves none when a second one comes while the first one settles', async (t) => {
    const cluster = await fakeCluster(t);
    cluster.csrs = [await kubeletRequest('first')];
    const second = await kubeletRequest('second');
    let looks = 0;
    cluster.interfere = ({ path }) => {
      if (path.endsWith('/certificatesigningrequests') && ++looks === 2) cluster.csrs.push(second);
      return undefined;
    };
    await assert.rejects(approve(cluster), (error) => isFailure(error, 'TwoMatchingCsrs'));
    assert.equal(puts(cluster).length, 0);
  });

  it('waits for a certificate that comes late', async (t) => {
    const cluster = await fakeCluster(t);
    cluster.csrs = [await kubeletRequest('new')];
    cluster.signs = false;
    let looks = 0;
    cluster.interfere = ({ method }) => {
      const [csr] = cluster.csrs;
      if (method === 'GET' && csr?.status?.conditions && ++looks === 2) csr.status.certificate = 'c2lnbmVk';
      return undefined;
    };
    assert.equal((await approve(cluster)).changed, true);
  });

  const refusals: { name: string; requests: () => Promise<FakeCluster['csrs']>; type: ActivityErrorType }[] =
    [
      {
        name: 'two that match',
        requests: async () => [await kubeletRequest('one'), await kubeletRequest('two')],
        type: 'TwoMatchingCsrs',
      },
      {
        name: 'one that was denied',
        requests: async () => [
          { ...(await kubeletRequest('new')), status: { conditions: [{ type: 'Denied' }] } },
        ],
        type: 'CsrDenied',
      },
      {
        name: 'one that was approved and then failed',
        requests: async () => [
          {
            ...(await kubeletRequest('new')),
            status: { conditions: [{ type: 'Approved' }, { type: 'Failed' }] },
          },
        ],
        type: 'CsrDenied',
      },
    ];
  for (const { name, requests, type } of refusals) {
    it(`approves nothing among ${name}`, async (t) => {
      const cluster = await fakeCluster(t);
      cluster.csrs = await requests();
      await assert.rejects(approve(cluster), (error) => isFailure(error, type));
      assert.equal(puts(cluster).length, 0);
    });
  }

  const strangers = {
    'another node': { subject: 'O=system:nodes, CN=system:node:master-2' },
    'cluster-admin': { subject: 'O=system:masters, CN=system:node:master-1' },
    'two organizations': { subject: 'O=system:nodes, O=system:masters, CN=system:node:master-1' },
    'a name with a space behind it': { subject: 'O=system:nodes, CN=system:node:master-1\\20' },
    'names besides its own': { dnsName: 'master-1' },
    'another requester': { username: 'system:admin' },
  };
  for (const [name, change] of Object.entries(strangers)) {
    it(`does not see a request for ${name}`, async (t) => {
      const cluster = await fakeCluster(t);
      cluster.csrs = [await kubeletRequest('strange', change), await kubeletRequest('new')];
      assert.equal((await approve(cluster)).name, 'new');
      assert.equal(cluster.csrs[0]?.status?.conditions, undefined);
    });
  }

  it('does not see a request that cannot be parsed', async (t) => {
    const cluster = await fakeCluster(t);
    const broken = await kubeletRequest('broken');
    broken.spec = {
      ...broken.spec,
      request: Buffer.from('-----BEGIN CERTIFICATE REQUEST-----').toString('base64'),
    };
    cluster.csrs = [broken, await kubeletRequest('new')];
    assert.equal((await approve(cluster)).name, 'new');
  });

  it('stops when it may not approve', async (t) => {
    const cluster = await fakeCluster(t);
    cluster.csrs = [await kubeletRequest('new')];
    cluster.interfere = ({ method }) => (method === 'PUT' ? refused(403, 'forbidden') : undefined);
    await assert.rejects(approve(cluster), (error) => isFailure(error, 'ApiForbidden'));
  });

  it('stops when the request was replaced by another of the same name', async (t) => {
    const cluster = await fakeCluster(t);
    cluster.csrs = [await kubeletRequest('new')];
    const other = {
      ...(await kubeletRequest('new')),
      metadata: { name: 'new', uid: 'uid-of-another', resourceVersion: '9' },
    };
    cluster.interfere = ({ method, path }) =>
      method === 'GET' && path.endsWith('/new') ? { body: other } : undefined;
    await assert.rejects(approve(cluster), /replaced by another/);
    assert.equal(puts(cluster).length, 0);
  });
});
