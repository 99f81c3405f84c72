import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFailure } from '../../../../activities/failure.ts';
import { awaitEtcd, pauseBefore } from '../../../../activities/observe/etcd/await-etcd.ts';
import { readEtcdGate } from '../../../../activities/observe/etcd/gate.ts';
import type { NodeScriptCall } from '../../../../activities/connections/node-lane.ts';
import type { AwaitEtcdInput } from '../../../../activities/etcd-contract.ts';
import type { EtcdPins } from '../../../../domain/etcd/pins.ts';
import { machineObject, operatorObject, podObject } from '../../support/etcd-platform.ts';
import { fakeEtcd, hashWords, lookWords } from '../../support/fake-etcd.ts';
import { refused, type FakeAnswer, type FakeCall } from '../../support/fake-api.ts';

const { signal } = new AbortController();
const hex = (id: bigint) => id.toString(16);
const names = ['master-0', 'master-1', 'master-2'];
const memberIds: Record<string, string> = {
  'master-0': '4989362199670072499',
  'master-1': '8452567673654210949',
  'master-2': '8761453617033895868',
};

/** As if the member of master-2 had been replaced: the one that was there is listed by nobody. */
const pins: EtcdPins = {
  runId: 'run-1',
  scripts: {},
  clusterId: hex(15669624906256097394n),
  cause: 'data-lost',
  strategy: 'replace',
  operator: 'revision-gated',
  target: {
    node: 'master-2',
    nodeUid: 'uid-master-2',
    addresses: ['10.79.0.13'],
    member: { id: 'dead', peerUrls: ['https://10.79.0.13:2380'] },
  },
  executor: { node: 'master-0', memberId: hex(4989362199670072499n), peerUrls: [] },
  survivors: [
    { node: 'master-0', memberId: hex(4989362199670072499n), peerUrls: [] },
    { node: 'master-1', memberId: hex(8452567673654210949n), peerUrls: [] },
  ],
  certificates: { cure: 'none', secrets: [] },
  overrides: 'absent',
  remediators: [],
  recipient: 'age1x',
};

async function waiting(
  t: TestContext,
  input: Partial<AwaitEtcdInput>,
  change?: Parameters<typeof fakeEtcd>[1],
) {
  const fake = await fakeEtcd(t, change);
  const whole = { cluster: 'fake', pins, goal: 'recovered' as const, soakMs: 0, timeoutMs: 60_000, ...input };
  return {
    fake,
    waited: awaitEtcd(fake.cluster, fake.lane, whole, input.soakMs === -1 ? AbortSignal.abort() : signal),
  };
}

/** The operator says this, from the `from`th time on that it is asked. */
function operatorSaying(change: (object: ReturnType<typeof operatorObject>) => void, from = 1) {
  let asked = 0;
  return ({ path }: FakeCall): FakeAnswer | undefined => {
    if (!path.endsWith('/etcds/cluster')) return undefined;
    asked += 1;
    const object = operatorObject(names);
    if (asked >= from) change(object);
    return { body: object };
  };
}

const newRevision = operatorSaying(({ status = {} }) => (status.latestAvailableRevision = 3), 2);
/** As master-1 says it when it alone does not reach master-2. */
function unreached(node: string): string {
  const reached = '"health":true,"took":"17.806476ms"';
  return lookWords(node)['member']?.replace(reached, '"health":false,"error":"refused"') ?? '';
}

function oldMachine({ path }: FakeCall): FakeAnswer | undefined {
  if (!path.endsWith('/machines')) return undefined;
  return { body: { items: [machineObject('master-2', '10.79.0.99')] } };
}

function otherHash({ node, script, args }: NodeScriptCall): Record<string, string> | undefined {
  if (script !== 'hash-etcd.sh' || node !== 'master-2') return undefined;
  return { hash: hashWords('8761453617033895868', args?.[1] ?? '', '78') };
}

async function slowHash({ node, script, args = [] }: NodeScriptCall): Promise<Record<string, string>> {
  if (script !== 'hash-etcd.sh') return lookWords(node);
  await sleep(300);
  return { hash: hashWords(memberIds[node] ?? '', args[1] ?? '') };
}

/** What a look on a busy machine may take, twice. */
const short = 1;

describe('waiting for etcd', { concurrency: 2 }, () => {
  it('ends when the revision is there', async (t) => {
    const { waited } = await waiting(t, { goal: 'revision', after: 2 }, { api: newRevision });
    assert.deepEqual((await waited).proofs, ['revision 3 is there']);
  });

  it('says which revision there still is when time is up', async (t) => {
    const { waited } = await waiting(t, { goal: 'revision', after: 2, timeoutMs: short });
    await assert.rejects(waited, (error: Error) => {
      assert.match(
        error.message,
        /^etcd on master-2: no new revision .*: the newest revision of the etcd operator is 2/,
      );
      return isFailure(error, 'NotYetHealthy');
    });
  });

  it('asks only the API for what only the API knows', async (t) => {
    const { fake, waited } = await waiting(t, { goal: 'rolled-out' });
    await waited;
    assert.deepEqual(fake.ran, []);
  });

  it('is not satisfied with a pod of the newest revision that names another address', async (t) => {
    const pods = names.map((name) => podObject(name, ['10.79.0.99']));
    const api = ({ path }: FakeCall) => (path.endsWith('/pods') ? { body: { items: pods } } : undefined);
    const { waited } = await waiting(t, { goal: 'rolled-out', timeoutMs: short }, { api });
    await assert.rejects(waited, /NODE_master_2_IP=10.79.0.99/);
  });

  it('ends when every survivor reaches the voter', async (t) => {
    const { waited } = await waiting(t, { goal: 'voter' });
    assert.match((await waited).proofs.join(), /every survivor reaches a voter at 10.79.0.13/);
  });

  it('asks the survivors for their members’ word and for nothing else', async (t) => {
    const asked: string[] = [];
    const node = ({ args = [] }: NodeScriptCall) => {
      asked.push(args.join(' '));
      return undefined;
    };
    const { waited } = await waiting(t, { goal: 'voter' }, { node });
    await waited;
    assert.deepEqual(asked.toSorted(), ['master-0 member', 'master-1 member']);
  });

  it('waits on while one survivor does not reach it, and says which', async (t) => {
    const { waited } = await waiting(
      t,
      { goal: 'voter', timeoutMs: short },
      {
        node: ({ node }) => (node === 'master-1' ? lookWords(node, { member: unreached(node) }) : undefined),
      },
    );
    await assert.rejects(waited, (error: Error) => {
      assert.match(error.message, /: master-1 does not reach .* \(refused\)$/);
      return isFailure(error, 'NotYetHealthy');
    });
  });

  it('names the Machine that has to follow when that is why there is no voter', async (t) => {
    const moved = { ...pins, target: { ...pins.target, addresses: ['10.79.0.23'] } };
    for (const goal of ['voter', 'recovered'] as const) {
      const { waited } = await waiting(t, { goal, pins: moved, timeoutMs: short }, { api: oldMachine });
      await assert.rejects(waited, (error: Error) => {
        assert.match(error.message, /the status of Machine lab-x1-master-2 has 10.79.0.99/);
        return isFailure(error, 'MachineNotFollowing');
      });
    }
  });

  it('compares the data of all members at one revision before it calls them recovered', async (t) => {
    const { fake, waited } = await waiting(t, {});
    const { proofs } = await waited;
    assert.ok(proofs.includes('all members hold the same data at one revision'));
    assert.equal(fake.ran.filter((one) => one.endsWith('hash-etcd.sh')).length, 3);
  });

  it('looks once more at the end of the soak, however long it has read the data', async (t) => {
    const { fake, waited } = await waiting(t, { soakMs: 100 }, { node: slowHash });
    await waited;
    assert.deepEqual(
      fake.ran.map((one) => one.split(' ')[1]),
      [
        ...names.map(() => 'observe-etcd.sh'),
        ...names.map(() => 'hash-etcd.sh'),
        ...names.map(() => 'observe-etcd.sh'),
      ],
    );
  });

  it('calls nothing recovered whose data differ', async (t) => {
    const { waited } = await waiting(t, { timeoutMs: short }, { node: otherHash });
    await assert.rejects(
      waited,
      /all members hold the same data at one revision: they differ: 77 at .*; 78 at/,
    );
  });

  it('does not read all of the data while something else is wanting', async (t) => {
    const api = operatorSaying(({ status = {} }) => (status.latestAvailableRevision = 3));
    const { fake, waited } = await waiting(t, { timeoutMs: short }, { api });
    await assert.rejects(waited, /the operator has settled: not at its newest revision/);
    assert.ok(!fake.ran.some((one) => one.endsWith('hash-etcd.sh')));
  });

  it('begins to count anew, hashes too, when something breaks while it soaks', async (t) => {
    let broken = false;
    let seen = 0;
    const api = ({ path }: FakeCall): FakeAnswer | undefined => {
      if (!path.endsWith('/etcds/cluster')) return undefined;
      seen += 1;
      broken = seen === 2;
      const object = operatorObject(names);
      if (broken && object.status) object.status.latestAvailableRevision = 3;
      return { body: object };
    };
    const { fake, waited } = await waiting(t, { soakMs: 20 }, { api });
    await waited;
    // One more than there were whole looks: after the one that saw it broken the operator was asked alone first.
    assert.equal(seen, 5);
    assert.equal(fake.ran.filter((one) => one.endsWith('hash-etcd.sh')).length, 6);
  });

  it('asks the masters ever less once it takes long, but not while what it waits for holds, nor the API alone', () => {
    const long = 10 * 60_000;
    for (const goal of ['voter', 'recovered'] as const) {
      assert.ok(pauseBefore(goal, 0, false) <= 1_500);
      assert.ok(pauseBefore(goal, long, false) >= 5_000);
      assert.equal(pauseBefore(goal, long, true), pauseBefore(goal, 0, true));
    }
    // While it waits for this the override stands.
    assert.equal(pauseBefore('revision', long, false), 1_000);
  });

  it('asks the API alone while the operator has not settled, and all of it again when it has', async (t) => {
    const api = operatorSaying(({ status = {} }) => (status.latestAvailableRevision = 3));
    let asked = 0;
    const { fake, waited } = await waiting(
      t,
      {},
      {
        api: (call) => {
          asked += call.path.endsWith('/etcds/cluster') ? 1 : 0;
          return asked <= 3 ? api(call) : undefined;
        },
      },
    );
    assert.ok((await waited).proofs.includes('everything was read'));
    assert.equal(asked, 5);
    assert.equal(fake.ran.filter((one) => one.endsWith('observe-etcd.sh')).length, 6, 'two whole looks');
  });

  it('says all that is wanting when time is up, though it has last asked the API alone', async (t) => {
    const api = operatorSaying(({ status = {} }) => (status.latestAvailableRevision = 3));
    const { waited } = await waiting(
      t,
      { timeoutMs: 1_800 },
      {
        api,
        node: ({ node }) => (node === 'master-1' ? lookWords(node, { member: unreached(node) }) : undefined),
      },
    );
    await assert.rejects(waited, (error: Error) => {
      assert.match(error.message, /the operator has settled: not at its newest revision/);
      assert.match(error.message, /every member is healthy as every other reaches it: /);
      return isFailure(error, 'NotYetHealthy');
    });
  });

  it('looks again after a look that failed', async (t) => {
    let asked = 0;
    const api = ({ path }: FakeCall) => {
      asked += path.endsWith('/pods') ? 1 : 0;
      return asked <= 1 && path.endsWith('/pods') ? refused(500, 'no leader') : undefined;
    };
    const { waited } = await waiting(t, { goal: 'rolled-out' }, { api });
    await waited;
    assert.equal(asked, 2);
  });

  it('ends at once when it is aborted', async (t) => {
    const { waited } = await waiting(t, { goal: 'voter', soakMs: -1 });
    await assert.rejects(waited, { name: 'AbortError' });
  });
});

describe('the operator’s gate', { concurrency: 2 }, () => {
  const message =
    'CheckSafeToScaleCluster found 2 healthy member(s) out of the 3 required by the HAScalingStrategy';

  it('is shut when the operator says so, in its own words', async (t) => {
    const api = operatorSaying(({ status = {} }) => {
      status.conditions = [
        { type: 'RevisionControllerDegraded', status: 'True', reason: 'SyncError', message },
      ];
    });
    const { cluster, lane } = await fakeEtcd(t, { api });
    assert.deepEqual(await readEtcdGate(cluster, lane, signal), {
      latestAvailableRevision: 2,
      gate: 'shut',
      because: `RevisionControllerDegraded=True (SyncError): ${message}`,
    });
  });

  it('is open when the operator is well', async (t) => {
    const { cluster, lane } = await fakeEtcd(t);
    assert.equal((await readEtcdGate(cluster, lane, signal)).gate, 'open');
  });

  it('is unknown when the operator, or what release it is of, cannot be read', async (t) => {
    for (const part of ['/etcds/cluster', '/clusterversions/version']) {
      const { cluster, lane } = await fakeEtcd(t, {
        api: ({ path }) => (path.endsWith(part) ? refused(503, 'no leader') : undefined),
      });
      const gate = await readEtcdGate(cluster, lane, signal);
      assert.equal(gate.gate, 'unknown');
      assert.match(gate.because, /no leader/);
    }
  });
});
