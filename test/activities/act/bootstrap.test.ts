import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { claimsOf } from '../../../activities/act/bootstrap-file.ts';
import {
  installBootstrapCredential,
  installDurableBootstrap,
} from '../../../activities/act/install-bootstrap.ts';
import type { NodeLane } from '../../../activities/connections/node-lane.ts';
import { backUpKubelet } from '../../../activities/act/kubelet.ts';
import { isFailure } from '../../../activities/failure.ts';
import { lookAtNode } from '../../../activities/observe/node.ts';
import { bootstrapRequester } from '../../../domain/kubelet/names.ts';
import { token } from '../support/certificates.ts';
import { fakeCluster, type FakeCluster } from '../support/fake-cluster.ts';
import { stubLane } from '../support/stub-lane.ts';
import { fakeNode, nodeCa, nodeServer, type FakeNode } from '../support/fake-node.ts';

const file = 'etc/kubernetes/kubeconfig';
const { signal } = new AbortController();
const ref = { cluster: 'fake', node: 'master-1', runId: 'run-1' };
const pins = { ...ref, server: nodeServer, caSha256: hashOf(nodeCa) };

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

interface World {
  cluster: FakeCluster;
  node: FakeNode;
  expected: string;
}

/** The incident, backed up. Whatever the API gives out is accepted by it, unless `accepts` says otherwise. */
async function world(t: TestContext, accepts = true): Promise<World> {
  const cluster = await fakeCluster(t);
  const node = fakeNode(t);
  const expected = hashOf(node.read(file));
  await backUpKubelet(node.lane, ref, signal);
  cluster.interfere = ({ path }) => {
    // The next token is known to the node's API as soon as it is given out.
    if (accepts && path.endsWith('/token'))
      queueMicrotask(() => node.acceptTokens(...cluster.minted, cluster.durableToken));
    return undefined;
  };
  if (accepts) node.acceptTokens(cluster.durableToken);
  return { cluster, node, expected };
}

function install({ cluster, node, expected }: World, change = {}) {
  const input = { ...pins, expectedBootstrapSha256: expected, ...change };
  return installBootstrapCredential(cluster.connection, node.lane, input, signal);
}

function graduate({ cluster, node }: World) {
  return installDurableBootstrap(cluster.connection, node.lane, pins, signal);
}

describe('installBootstrapCredential', { concurrency: 4 }, () => {
  it('puts a new token of node-bootstrapper where the rejected one was', async (t) => {
    const here = await world(t);
    const done = await install(here);
    assert.equal(done.changed, true);
    assert.equal(done.sha256, hashOf(here.node.read(file)));
    assert.match(here.node.read(file), new RegExp(here.cluster.minted[0] ?? 'none'));
    assert.match(here.node.read(file), new RegExp(nodeServer));
  });

  it('takes a refusal by the API server for the proof that it is the one: it was behind the right certificate', async (t) => {
    const here = await world(t);
    here.node.write('fake/readyz', 'error: You must be logged in to the server (Unauthorized)');
    assert.equal((await install(here)).changed, true);
  });

  it('keeps a good one of this run: one token, however often it is asked', async (t) => {
    const here = await world(t);
    await install(here);
    const again = await install(here);
    assert.equal(again.changed, false);
    assert.equal(here.cluster.minted.length, 1);
  });
});

/** What `read-bootstrap.sh` says in the incident, after the backup. */
const incident = {
  server: nodeServer,
  caSha256: hashOf(nodeCa),
  ca: Buffer.from(nodeCa).toString('base64'),
  tlsServerName: '',
  proved: 'yes',
  sha256: hashOf('the rejected one'),
  ours: 'no',
  accepted: 'no',
  now: String(Math.floor(Date.now() / 1000)),
};
const inAMinute = String(Math.floor(Date.now() / 1000) + 60);
const goodUntilThen = {
  ours: 'yes',
  accepted: 'yes',
  expires: inAMinute,
  bootstrapServer: nodeServer,
  bootstrapCaSha256: hashOf(nodeCa),
};

function nodeSaying(said: Record<string, string>): { lane: NodeLane; written: string[] } {
  const written: string[] = [];
  const lane = stubLane(async ({ script, input = '' }) => {
    if (script === 'read-bootstrap.sh') return { ...incident, ...said };
    written.push(input);
    return { sha256: hashOf(input), changed: 'yes' };
  });
  return { lane, written };
}

describe('what is found on the node decides', { concurrency: 4 }, () => {
  const cases: {
    name: string;
    said: Record<string, string>;
    type?: 'PreconditionFailed' | 'OutcomeUnknown';
    minted: number;
  }[] = [
    { name: 'the incident: a token is minted', said: {}, minted: 1 },
    { name: 'one of this run that ends in a minute: minted again', said: goodUntilThen, minted: 1 },
    {
      name: 'another server than the approved one',
      said: { server: 'https://other:6443' },
      type: 'PreconditionFailed',
      minted: 0,
    },
    {
      name: 'another authority than the approved one',
      said: { caSha256: hashOf('x') },
      type: 'PreconditionFailed',
      minted: 0,
    },
    {
      name: 'a file that changed since the approval',
      said: { sha256: hashOf('x') },
      type: 'PreconditionFailed',
      minted: 0,
    },
    {
      name: 'a server that does not answer to that authority',
      said: { proved: 'no', proofDetail: 'tls: failed to verify certificate: x509: unknown authority' },
      type: 'PreconditionFailed',
      minted: 0,
    },
    {
      name: 'a server that does not answer',
      said: { proved: 'no', proofDetail: 'connection refused' },
      type: 'OutcomeUnknown',
      minted: 0,
    },
    { name: 'nothing that makes sense', said: { proved: '' }, type: 'OutcomeUnknown', minted: 0 },
  ];
  for (const { name, said, type, minted } of cases) {
    it(name, async (t) => {
      const cluster = await fakeCluster(t);
      const { lane, written } = nodeSaying(said);
      const input = { ...pins, expectedBootstrapSha256: incident.sha256 };
      const installing = installBootstrapCredential(cluster.connection, lane, input, signal);
      if (type === undefined) assert.equal((await installing).changed, true);
      else await assert.rejects(installing, (error) => isFailure(error, type));
      assert.equal(cluster.minted.length, minted);
      assert.equal(written.length, minted);
    });
  }
});

describe('what is given out by the API decides', { concurrency: 4 }, () => {
  it('a token whose answer was lost is asked for again: nobody holds the first', async (t) => {
    const cluster = await fakeCluster(t);
    const { lane, written } = nodeSaying({});
    const input = { ...pins, expectedBootstrapSha256: incident.sha256 };
    const attempt = () => installBootstrapCredential(cluster.connection, lane, input, signal);
    cluster.interfere = ({ path }) => (path.endsWith('/token') ? 'after' : undefined);
    await assert.rejects(attempt(), (error) => isFailure(error, 'ApiUnreachable'));
    cluster.interfere = () => undefined;
    assert.equal((await attempt()).changed, true);
    assert.equal(cluster.minted.length, 2);
    assert.equal(written.length, 1);
  });

  it('a secret whose token expires or is somebody else’s is not used, whoever put it there', async (t) => {
    const cluster = await fakeCluster(t);
    const { lane, written } = nodeSaying(goodUntilThen);
    const stranger = 'system:serviceaccount:kube-system:clusterrole-aggregation-controller';
    const expiring = token({ sub: bootstrapRequester, exp: 4e9 });
    for (const wrong of [expiring, token({ sub: stranger }), 'abcdef.0123456789abcdef', '']) {
      cluster.durableToken = wrong;
      const graduating = installDurableBootstrap(cluster.connection, lane, pins, signal);
      await assert.rejects(graduating, (error) => isFailure(error, 'PreconditionFailed'));
    }
    assert.deepEqual(written, []);
  });
});

describe('installDurableBootstrap', { concurrency: 4 }, () => {
  it('replaces our short-lived token by the one that does not expire, once', async (t) => {
    const here = await world(t);
    await install(here);
    assert.equal((await graduate(here)).changed, true);
    assert.match(here.node.read(file), new RegExp(here.cluster.durableToken));
    assert.equal((await graduate(here)).changed, false);
  });

  it('does not replace a file that this run did not install', async (t) => {
    const here = await world(t);
    await assert.rejects(graduate(here), (error) => isFailure(error, 'PreconditionFailed'));
  });
});

describe('what leaves the activities', () => {
  it('holds no token: not the result, not an error, not the evidence', async (t) => {
    const here = await world(t);
    const seen: string[] = [];
    seen.push(JSON.stringify(await install(here)));
    seen.push(JSON.stringify(await graduate(here)));
    seen.push(JSON.stringify(await lookAtNode(here.node.lane, 'master-1', { signal })));
    seen.push(here.node.calls().join('\n'));
    here.cluster.interfere = ({ path }) =>
      path.endsWith('/token')
        ? { status: 400, body: { message: `bad: ${here.cluster.minted[0]}` } }
        : undefined;
    here.node.write(file, 'changed');
    const error = await install(here, { expectedBootstrapSha256: hashOf('changed') }).catch(
      (caught: unknown) => caught,
    );
    assert.ok(isFailure(error, 'PreconditionFailed'));
    assert.ok(error instanceof Error);
    seen.push(JSON.stringify(error), error.stack ?? '', error.message);
    for (const secret of [...here.cluster.minted, here.cluster.durableToken]) {
      const parts = secret.split('.');
      for (const text of seen) {
        assert.ok(!text.includes(parts[1] ?? secret), `the claims of a token stand in ${text.slice(0, 200)}`);
        assert.ok(
          !text.includes(parts[2] ?? secret),
          `the signature of a token stands in ${text.slice(0, 200)}`,
        );
      }
    }
  });
});

describe('the claims of a token', () => {
  const cases: [string, string, ReturnType<typeof claimsOf>][] = [
    ['durable', token({ sub: 'x' }), { subject: 'x' }],
    ['short-lived', token({ sub: 'x', exp: 5 }), { subject: 'x', expires: 5 }],
    [
      'with an expiry in another form',
      token({ sub: 'x', exp: 'later' as unknown as number }), // no number, and that is what it is about
      { subject: 'x', expires: 0 },
    ],
    ['a bootstrap token of kubeadm', 'abcdef.0123456789abcdef', undefined],
    ['nonsense', 'a.b.c', undefined],
    ['nothing', '', undefined],
  ];
  for (const [name, text, expected] of cases) {
    it(name, () => assert.deepEqual(claimsOf(text), expected));
  }
});
