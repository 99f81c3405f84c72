import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createControlSockets } from '../../../activities/connections/control-sockets.ts';
import {
  createNodeLane,
  type NodeLane,
  type NodeScriptCall,
} from '../../../activities/connections/node-lane.ts';
import { askCluster, type WhereNow } from '../../../activities/connections/where-now.ts';
import { isFailure } from '../../../activities/failure.ts';
import { fakeApi, refused } from '../support/fake-api.ts';
import { clusterWith } from '../support/fake-node.ts';

const OLD = '10.0.0.12';
const NEW = '10.0.0.22';
const call: NodeScriptCall = {
  node: 'master-1',
  script: 'restart-kubelet.sh',
  runId: 'run-1',
  args: ['master-1'],
  timeoutMs: 10_000,
};

interface Network {
  lane: NodeLane;
  /** Every address that was dialled, in order. */
  dialled: () => string[];
  /** What the machine at this address does from now on, as shell text. */
  at: (address: string, shell: string) => void;
  asked: () => number;
}

/** Machines by their addresses; whoever is not there does not answer. */
function network(t: TestContext, whereNow: WhereNow = () => Promise.resolve([OLD, NEW])): Network {
  const directory = mkdtempSync(join(tmpdir(), 'cpr-moved-'));
  const file = (name: string) => join(directory, name);
  const ssh = `#!/bin/bash
for argument in "$@"; do case $argument in HostName=*) address=\${argument#*=} ;; esac; done
echo "$address" >> '${file('dialled')}'
nonce=$(sed -n "s/^CPR_NONCE='\\(.*\\)'$/\\1/p" <<<"$(cat)")
begin() { echo "@@cpr-begin run-1 restart-kubelet $nonce"; }
[ -e "${directory}/$address" ] && . "${directory}/$address"
echo "ssh: connect to host $address port 22: No route to host" >&2
exit 255
`;
  writeFileSync(file('ssh'), ssh, { mode: 0o755 });
  writeFileSync(file('dialled'), '');
  const sockets = createControlSockets();
  t.after(() => {
    sockets.remove();
    rmSync(directory, { recursive: true });
  });
  let asked = 0;
  const lane = createNodeLane(clusterWith('master-1'), {
    ssh: file('ssh'),
    sockets,
    moved: new Map(),
    whereNow: (...of) => {
      asked += 1;
      return whereNow(...of);
    },
  });
  return {
    lane,
    dialled: () => readFileSync(file('dialled'), 'utf8').trim().split('\n'),
    at: (address, shell) => writeFileSync(file(address), `${shell}\n`),
    asked: () => asked,
  };
}

const works = 'begin; echo "@@cpr-result run-1 restart-kubelet $nonce ok "; exit 0';

const wrongName = Buffer.from("error=the machine at this address calls itself 'master-2', not 'master-1'\0");
const stranger = `begin; echo "@@cpr-result run-1 restart-kubelet $nonce precondition ${wrongName.toString('base64')}"; exit 0`;

describe('a master that has moved', { concurrency: 4 }, () => {
  it('is dialled where the cluster has it, when nobody answers at the address of the inventory', async (t) => {
    const { lane, at, dialled } = network(t);
    at(NEW, works);
    await lane.run(call);
    assert.deepEqual(dialled(), [OLD, NEW]);
  });

  it('is found there also when another machine has its old address now', async (t) => {
    const { lane, at, dialled } = network(t);
    at(OLD, 'echo "Host key verification failed." >&2; exit 255');
    at(NEW, works);
    await lane.run(call);
    assert.deepEqual(dialled(), [OLD, NEW]);
  });

  it('is dialled there at once the next time, and is found again when it has moved back', async (t) => {
    const { lane, at, dialled, asked } = network(t);
    at(NEW, works);
    await lane.run(call);
    await lane.run(call);
    assert.deepEqual(dialled(), [OLD, NEW, NEW]);
    assert.equal(asked(), 1, 'the cluster is asked only when it has to be');
    at(NEW, 'exit 255');
    at(OLD, works);
    await lane.run(call);
    await lane.run(call);
    assert.deepEqual(dialled(), [OLD, NEW, NEW, NEW, OLD, OLD]);
    assert.equal(asked(), 1);
  });

  it('is looked for elsewhere when another machine answers by its own name, and that one is not remembered', async (t) => {
    const { lane, at, dialled } = network(t);
    at(OLD, stranger);
    at(NEW, works);
    await lane.run(call);
    at(NEW, stranger);
    await assert.rejects(lane.run(call), (error: Error) => {
      assert.match(error.message, /calls itself 'master-2'/);
      return isFailure(error, 'PreconditionFailed');
    });
    at(NEW, works);
    await lane.run(call);
    assert.deepEqual(dialled(), [OLD, NEW, NEW, OLD, OLD, NEW]);
  });

  it('is not looked for once a script has begun: it may have done its work', async (t) => {
    const { lane, at, dialled } = network(t);
    at(OLD, 'begin; exit 255');
    at(NEW, works);
    await assert.rejects(lane.run(call), /connection lost/);
    assert.deepEqual(dialled(), [OLD]);
  });

  it('is not looked for when the machine that was meant has refused', async (t) => {
    const { lane, at, dialled } = network(t);
    at(OLD, 'echo "sudo: a password is required" >&2; exit 1');
    at(NEW, works);
    await assert.rejects(lane.run(call), /password is required/);
    assert.deepEqual(dialled(), [OLD]);
  });

  it('that answers nowhere is unreachable, and what was said at each address is told', async (t) => {
    const { lane, at, dialled } = network(t);
    at(NEW, 'echo "Host key verification failed." >&2; exit 255');
    await assert.rejects(lane.run(call), (error: Error) => {
      assert.match(error.message, /10\.0\.0\.12 port 22: No route to host; at 10\.0\.0\.22: Host key/);
      return isFailure(error, 'NodeUnreachable');
    });
    assert.deepEqual(dialled(), [OLD, NEW]);
  });

  it('of which the cluster knows nothing either is unreachable as ever', async (t) => {
    const { lane, dialled } = network(t, () => Promise.resolve([]));
    await assert.rejects(lane.run(call), (error) => isFailure(error, 'NodeUnreachable'));
    assert.deepEqual(dialled(), [OLD]);
  });
});

describe('where the cluster has a master', () => {
  it('its Node says, and then its Machine, which knows what the node was given', async (t) => {
    const addresses = await ask(t, ({ path }) =>
      path.startsWith('/api/v1/nodes/master-1')
        ? node({ type: 'Hostname', address: 'master-1' }, internal(OLD))
        : { body: { items: [machine('master-0', '10.0.0.11'), machine('master-1', NEW)] } },
    );
    assert.deepEqual(addresses, [OLD, NEW]);
  });

  it('its Node says alone where there is no Machine API', async (t) => {
    const addresses = await ask(t, ({ path }) =>
      path.startsWith('/api/v1/nodes/master-1') ? node(internal(NEW)) : refused(404, 'not found'),
    );
    assert.deepEqual(addresses, [NEW]);
  });

  it('is never what no address can be: ssh would hand it to a shell', async (t) => {
    const addresses = await ask(t, ({ path }) =>
      path.startsWith('/api/v1/nodes/master-1')
        ? node(internal("10.0.0.22'; touch /tmp/x; '"), internal('host.example'), internal(NEW))
        : refused(404, 'not found'),
    );
    assert.deepEqual(addresses, [NEW]);
  });

  it('nobody says while the API does not answer, which is no error of its own', async (t) => {
    assert.deepEqual(await ask(t, () => refused(500, 'etcd leader changed')), []);
  });
});

const internal = (address: string) => ({ type: 'InternalIP', address });
const node = (...addresses: object[]) => ({
  body: { metadata: { name: 'master-1' }, status: { addresses } },
});
const machine = (name: string, address: string) => ({
  metadata: { name: `lab-${name}` },
  status: { nodeRef: { name }, addresses: [internal(address)] },
});

async function ask(t: TestContext, answer: Parameters<typeof fakeApi>[1]): Promise<string[]> {
  const { kubeconfig } = await fakeApi(t, answer);
  return askCluster(clusterWith('master-1', kubeconfig), {})('master-1');
}
