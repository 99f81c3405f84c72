import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { failure } from '../../../../activities/failure.ts';
import { observeEtcd } from '../../../../activities/observe/etcd/observe-etcd.ts';
import { sightingOf } from '../../../../domain/etcd/assessment.ts';
import type { EtcdObservation } from '../../../../domain/etcd/observation.ts';
import { defaultEtcdPolicy } from '../../../../domain/etcd/policy.ts';
import { decideEtcdRecovery } from '../../../../domain/etcd/verdict.ts';
import { valueOf, type Reading } from '../../../../domain/reading.ts';
import { fakeEtcd, gone, lookWords, secretKey, type FakeEtcd } from '../../support/fake-etcd.ts';
import { refused } from '../../support/fake-api.ts';

const { signal } = new AbortController();

function look({ cluster, lane }: FakeEtcd): Promise<EtcdObservation> {
  return observeEtcd(cluster, lane, { signal });
}

async function lookAt(t: TestContext, change?: Parameters<typeof fakeEtcd>[1]): Promise<EtcdObservation> {
  return look(await fakeEtcd(t, change));
}

function decide(observation: EtcdObservation) {
  return decideEtcdRecovery(
    {
      observation,
      request: { cluster: 'fake', runbook: 'EtcdRecovery', by: 'ada', reason: 'test' } as never,
      policy: defaultEtcdPolicy,
      runId: 'run-1',
      scripts: {},
      now: observation.at,
    },
    () => 'digest',
  );
}

function whyOf(reading: Reading<unknown> | undefined): string {
  return reading && !reading.known ? reading.why : '';
}

describe('a look at etcd', { concurrency: 2 }, () => {
  it('reads everything that a decision needs, and a healthy cluster is one', async (t) => {
    const fake = await fakeEtcd(t);
    const seen = await look(fake);
    const verdict = decide(seen);
    assert.equal(verdict.kind === 'refuse' && verdict.reason, 'EtcdHealthy');
    const readings = seen.masters.flatMap(({ view, node, machine, pod, kubelet, host, certificates, room }) =>
      [node, machine, pod, kubelet, host, certificates, room].concat(Object.values(view)),
    );
    const { operator, version, pools, topology, remediators, copies } = seen;
    for (const reading of [...readings, operator, version, pools, topology, remediators, copies])
      assert.equal(reading.known, true, whyOf(reading));
    assert.deepEqual(
      fake.ran.sort(),
      ['master-0', 'master-1', 'master-2'].map((name) => `${name} observe-etcd.sh`),
    );
    assert.deepEqual(
      valueOf(remediators)?.map(({ kind, coversMasters }) => [kind, coversMasters]),
      [
        ['MachineHealthCheck', true],
        ['NodeHealthCheck', true],
      ],
    );
  });

  it('is bounded, says what it cost, and only reads', async (t) => {
    const fake = await fakeEtcd(t);
    const { cost } = await look(fake);
    assert.equal(cost.apiCalls, fake.api.calls.length);
    assert.ok(cost.apiCalls < 30, `${cost.apiCalls} calls`);
    assert.ok(fake.api.calls.every(({ method }) => method === 'GET'));
  });

  it('brings nothing of a secret but what its certificate is for', async (t) => {
    const seen = await lookAt(t);
    const [master] = seen.masters;
    const facts = valueOf(master?.certificates ?? assert.fail());
    const [peer] = facts?.secrets ?? [];
    assert.deepEqual(peer?.state === 'present' && peer.addresses, ['10.79.0.11', '127.0.0.1', '::1']);
    assert.deepEqual(
      facts?.inAllCerts.map(({ state }) => state),
      ['present', 'present', 'present'],
    );
    const text = JSON.stringify(seen);
    assert.ok(!text.includes(secretKey) && !text.includes(Buffer.from(secretKey).toString('base64')));
    assert.doesNotMatch(text, /BEGIN CERTIFICATE/);
  });

  it('knows that a secret is missing, and does not know of one that it may not read', async (t) => {
    const name = 'etcd-serving-master-1';
    const seen = await lookAt(t, {
      api: ({ path }) => {
        if (path.endsWith(`/secrets/${name}`)) return gone(name);
        return path.endsWith('/secrets/etcd-peer-master-2') ? refused(403, 'not allowed') : undefined;
      },
    });
    const [whole, lacking, hidden] = seen.masters.map(({ certificates }) => certificates);
    assert.deepEqual(
      valueOf(whole ?? assert.fail())?.secrets.map(({ state }) => state),
      ['present', 'present', 'present'],
    );
    assert.deepEqual(
      valueOf(lacking ?? assert.fail())?.secrets.map(({ state }) => state),
      ['present', 'missing', 'present'],
    );
    assert.match(whyOf(hidden), /not allowed/);
  });

  it('of a cluster without the platform is unknown at once, and refused as such', async (t) => {
    const fake = await fakeEtcd(t, {
      api: ({ path }) =>
        path.includes('.openshift.io/') || path.includes('medik8s')
          ? refused(404, 'page not found')
          : undefined,
    });
    const seen = await look(fake);
    for (const reading of [seen.operator, seen.version, seen.pools, seen.topology])
      assert.match(whyOf(reading), /404/);
    assert.deepEqual(valueOf(seen.remediators), []);
    assert.deepEqual(valueOf(seen.masters[0]?.machine ?? assert.fail()), { state: 'none' });
    const verdict = decide(seen);
    assert.equal(verdict.kind === 'refuse' && verdict.reason, 'EvidenceIncomplete');
  });

  it('without an API still asks every member, and knocks once', async (t) => {
    const fake = await fakeEtcd(t, { api: () => refused(503, 'starting') });
    const seen = await look(fake);
    assert.equal(fake.api.calls.length, 1);
    assert.equal(seen.masters[2]?.view.members.known, true);
    assert.match(whyOf(seen.masters[2]?.node), /starting/);
    const verdict = decide(seen);
    assert.equal(verdict.kind === 'refuse' && verdict.reason, 'ApiUnreachable');
  });

  it('says of a master that cannot be reached why, by the error’s name, and sees the others', async (t) => {
    const seen = await lookAt(t, {
      node: ({ node }) =>
        node === 'master-1' ? Promise.reject(failure('NodeUnreachable', 'connection refused')) : undefined,
    });
    const [, unreached] = seen.masters;
    for (const reading of [unreached?.host, unreached?.room, ...Object.values(unreached?.view ?? {})])
      assert.equal(reading && !reading.known && reading.cause, 'NodeUnreachable');
    assert.equal(unreached?.node.known, true);
    assert.equal(seen.masters[0]?.host.known, true);
  });

  it('believes nothing of a disk that it does not understand, and still hears the member', async (t) => {
    const seen = await lookAt(t, { node: ({ node }) => lookWords(node, { 'data.state': 'fine' }) });
    assert.match(whyOf(seen.masters[0]?.host), /data.state/);
    assert.equal(seen.masters[0]?.view.status.known, true);
  });

  it('takes a remediator for one that may act on masters when their Machines are not known', async (t) => {
    const seen = await lookAt(t, {
      api: ({ path }) => {
        if (path.endsWith('/machines')) return refused(403, 'no');
        if (!path.endsWith('/machinehealthchecks')) return undefined;
        const spec = { selector: { matchLabels: { role: 'worker' } } };
        return {
          body: { items: [{ metadata: { name: 'workers', namespace: 'openshift-machine-api' }, spec }] },
        };
      },
    });
    assert.equal(valueOf(seen.remediators)?.[0]?.coversMasters, true);
    assert.match(whyOf(seen.masters[0]?.machine), /no/);
  });

  it('keeps what the look before it made of it', async (t) => {
    const { cluster, lane } = await fakeEtcd(t);
    const before = { fault: 'x', since: 'a', rollOut: 'r', rollOutSince: 'a', last: 'a' };
    assert.deepEqual((await observeEtcd(cluster, lane, { before, signal })).before, before);
    assert.equal(sightingOf(await observeEtcd(cluster, lane, { signal })), undefined);
  });

  it('knows no place for copies where the inventory names none, and the room in one that is not made yet', async (t) => {
    const fake = await fakeEtcd(t);
    assert.deepEqual(valueOf((await look(fake)).copies), { recipient: '', freeBytes: 0 });
    const directory = '/tmp/not-made-yet/copies/of/snapshots';
    fake.cluster.snapshots = { directory, recipient: 'age1x', keep: {} as never };
    const place = valueOf((await look(fake)).copies);
    assert.equal(place?.recipient, 'age1x');
    assert.ok((place?.freeBytes ?? 0) > 0);
  });

  it('ends when it is aborted', async (t) => {
    const stop = new AbortController();
    const { cluster, lane } = await fakeEtcd(t, {
      node: () => {
        stop.abort(new Error('stopped'));
        throw new Error('whatever a cut connection says');
      },
    });
    await assert.rejects(observeEtcd(cluster, lane, { signal: stop.signal }), /stopped/);
  });
});
