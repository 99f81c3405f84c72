import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterConnection } from '../../../activities/connections/cluster.ts';
import {
  approvedOnly,
  type NodeLane,
  type NodeScriptCall,
} from '../../../activities/connections/node-lane.ts';
import { createPodLane } from '../../../activities/connections/pod-lane.ts';
import type { ActivityErrorType } from '../../../activities/contract.ts';
import { isFailure } from '../../../activities/failure.ts';
import { fakeApi, refused, type FakeAnswer, type FakeApi, type FakeCall } from '../support/fake-api.ts';
import { execInShell, refuseExec } from '../support/fake-exec.ts';
import { clusterWith, fakeNode } from '../support/fake-node.ts';

const digest = `sha256:${'0a'.repeat(32)}`;
const image = `quay.io/release/etcd@${digest}`;
const pods = '/api/v1/namespaces/control-plane-recovery-nodes/pods';
const secret = 'a-token-that-must-not-stand-in-a-pod';
const call: NodeScriptCall = {
  node: 'master-1',
  script: 'back-up-kubelet.sh',
  runId: 'run-1',
  args: ['master-1'],
  input: secret,
  timeoutMs: 20_000,
};
const nonce = `nonce=$(sed -n "/^CPR_NONCE=/{s/^CPR_NONCE='\\(.*\\)'$/\\1/p;q}")`;
const begin = 'echo "@@cpr-begin run-1 back-up-kubelet $nonce"';
const result = (rest: string) => `echo "@@cpr-result run-1 back-up-kubelet $nonce ${rest}"`;
const base64 = (text: string) => Buffer.from(text).toString('base64');

const onlyTags = ({ path }: FakeCall) =>
  path.includes('openshift-etcd')
    ? { body: { items: [{ spec: { containers: [{ name: 'etcd', image: 'quay.io/etcd:latest' }] } }] } }
    : undefined;

const podOf = (name: string, phase: string, minutesOld: number) => ({
  metadata: { name, creationTimestamp: new Date(Date.now() - minutesOld * 60_000).toISOString() },
  status: { phase },
});

const noPods = ({ method, path }: FakeCall) =>
  method === 'POST' && path === pods ? refused(403, 'pods is forbidden') : undefined;

const sends = (bytes: number) =>
  [
    nonce,
    begin,
    `printf '@@cpr-stream run-1 back-up-kubelet %s ${bytes}\\n' "$nonce"`,
    'head -c 300000 /dev/zero; echo',
    result('ok'),
  ].join('\n');

interface Kubelet {
  lane: NodeLane;
  api: FakeApi;
  /** Names of the pods that there are. */
  there: () => string[];
  connection: ClusterConnection;
  /** Their whole specs, as they were asked for. */
  made: () => Record<string, unknown>[];
}

/** An API with a kubelet behind it that starts every pod at once; `shell` is what an exec in one runs. */
async function kubelet(
  t: TestContext,
  upgrade: string | ((request: IncomingMessage, socket: Duplex) => void),
  {
    left = [] as object[],
    losesPost = false,
    change = (_call: FakeCall): FakeAnswer | undefined => undefined,
  } = {},
): Promise<Kubelet> {
  const there = new Map<string, object>();
  for (const pod of left) there.set((pod as { metadata: { name: string } }).metadata.name, pod);
  const answer = (asked: FakeCall): FakeAnswer => {
    const { method, path, body } = asked;
    const changed = change(asked);
    if (changed !== undefined) return changed;
    if (path === '/version') return { body: { gitVersion: 'v1.34.4' } };
    if (path === '/api/v1/namespaces/openshift-etcd/pods')
      return { body: { items: [etcdPod('master-0'), etcdPod('master-1')] } };
    if (path === pods && method === 'GET') return { body: { items: [...there.values()] } };
    if (path === pods) {
      const pod = body as { metadata: { name: string } };
      there.set(pod.metadata.name, { ...pod, status: { phase: 'Running' } });
      return losesPost ? 'cut' : { status: 201, body: pod };
    }
    const name = path.slice(pods.length + 1);
    if (!path.startsWith(`${pods}/`) || !there.has(name)) return refused(404, 'not found');
    const pod = there.get(name);
    if (method === 'DELETE') there.delete(name);
    return { body: pod };
  };
  const api = await fakeApi(t, answer, {
    upgrade: typeof upgrade === 'string' ? execInShell(upgrade) : upgrade,
  });
  // No other test has this address: pods are shared by all lanes to one master.
  const connection = { ...clusterWith('master-1', api.kubeconfig), nodeAccess: 'pod' as const };
  return {
    lane: createPodLane(connection, 50),
    api,
    connection,
    there: () => [...there.keys()],
    made: () =>
      api.calls.flatMap(({ method, path, body }) =>
        method === 'POST' && path === pods ? [body as Record<string, unknown>] : [],
      ),
  };
}

function etcdPod(nodeName: string): object {
  return {
    spec: {
      nodeName,
      containers: [
        { name: 'etcdctl', image: 'x' },
        { name: 'etcd', image },
      ],
    },
  };
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = AbortSignal.timeout(30_000);
  while (!holds()) await sleep(20, undefined, { signal: deadline });
}

describe('the pod lane', { concurrency: 4 }, () => {
  it('hands back what the script said, and the pod is gone afterwards', async (t) => {
    const said = [nonce, 'echo hello', begin, result(`ok ${base64('a=x\0')}`)].join('\n');
    const { lane, there } = await kubelet(t, said);
    assert.deepEqual({ ...(await lane.run(call)) }, { a: 'x' });
    await until(() => there().length === 0);
  });

  it('runs the real script, to its end, on input that never ends', async (t) => {
    const node = fakeNode(t);
    node.write('var/lib/kubelet/pki/kubelet-client-current.pem', 'not a certificate');
    const { lane } = await kubelet(
      t,
      `export CPR_ROOT='${node.root}' CPR_BIN='${node.root}/bin'; exec /bin/bash -s`,
    );
    const values = await lane.run(call);
    assert.match(values['path'] ?? Object.values(values).join(), /kubelet-recovery\/run-1/);
    assert.match(node.read('var/lib/kubelet-recovery/run-1/manifest.sha256'), /kubeconfig/);
  });

  it('binds the pod to that master, with an image of the cluster pinned by its digest, and nothing secret in it', async (t) => {
    const { lane, made } = await kubelet(t, [nonce, begin, result('ok')].join('\n'));
    await lane.run(call);
    // What the lane has sent, in the fields that are looked at here.
    const [pod] = made() as unknown as {
      spec: Record<string, unknown> & { containers: Record<string, unknown>[] };
    }[];
    assert.equal(pod?.spec['nodeName'], 'master-1');
    assert.equal(pod?.spec['activeDeadlineSeconds'], 900);
    assert.equal(pod?.spec['automountServiceAccountToken'], false);
    assert.equal(pod?.spec.containers[0]?.['image'], image);
    const text = JSON.stringify(pod);
    assert.ok(!text.includes(secret) && !text.includes(base64(secret)) && !text.includes('kubelet-recovery'));
  });

  it('takes the image of the inventory where there is one', async (t) => {
    const { connection, made } = await kubelet(t, [nonce, begin, result('ok')].join('\n'));
    const own = `registry.example/tools@${digest}`;
    await createPodLane({ ...connection, nodePod: { image: own } }, 50).run(call);
    assert.match(JSON.stringify(made()), new RegExp(own));
  });

  it('uses one pod for several scripts at once', async (t) => {
    const { lane, made } = await kubelet(t, [nonce, begin, result('ok')].join('\n'));
    await Promise.all([lane.run(call), lane.run(call), lane.run(call)]);
    assert.equal(made().length, 1);
  });

  it('sends no image whose tag may mean another one tomorrow: it refuses', async (t) => {
    const { lane, made } = await kubelet(t, 'exit 1', { change: onlyTags });
    await assert.rejects(lane.run(call), (error) => isFailure(error, 'PreconditionFailed'));
    assert.deepEqual(made(), []);
  });

  it('leaves no pod behind whose making was not answered', async (t) => {
    const { lane, there, made } = await kubelet(t, 'exit 1', { losesPost: true });
    await assert.rejects(lane.run(call), (error) => isFailure(error, 'ApiUnreachable'));
    assert.equal(made().length, 1);
    await until(() => there().length === 0);
  });

  it('leaves no pod behind that could not be waited for, nor one that was given up on', async (t) => {
    const giveUp = new AbortController();
    const looks: [(call: FakeCall) => FakeAnswer, AbortSignal | undefined][] = [
      [() => refused(403, 'pods is forbidden'), undefined],
      [
        () => (giveUp.abort(new Error('given up')), { body: { status: { phase: 'Pending' } } }),
        giveUp.signal,
      ],
    ];
    for (const [look, signal] of looks) {
      const change = (asked: FakeCall) =>
        asked.method === 'GET' && asked.path.startsWith(`${pods}/`) ? look(asked) : undefined;
      const { lane, there, made } = await kubelet(t, 'exit 1', { change });
      await assert.rejects(lane.run({ ...call, ...(signal && { signal }) }));
      assert.equal(made().length, 1);
      await until(() => there().length === 0);
    }
  });

  it('removes what killed workers have left on this master, and leaves alone what may be in use', async (t) => {
    const left = [podOf('ended', 'Failed', 20), podOf('stuck', 'Running', 30), podOf('in-use', 'Running', 5)];
    const { lane, there, api } = await kubelet(t, [nonce, begin, result('ok')].join('\n'), { left });
    await lane.run(call);
    await until(() => there().length === 1);
    assert.deepEqual(there(), ['in-use']);
    const selector = api.calls
      .find(({ method, path }) => path === pods && method === 'GET')
      ?.query.get('labelSelector');
    assert.match(selector ?? '', /control-plane-recovery\/node=master-1/);
  });

  const failures: [
    what: string,
    upgrade: Parameters<typeof kubelet>[1],
    type: ActivityErrorType,
    says: RegExp,
  ][] = [
    ['a kubelet that does not let the API in is unreachable', refuseExec(500), 'NodeUnreachable', /500/],
    [
      'a command that cannot be begun is no failed script',
      'echo "chroot: no such file" >&2; exit 127',
      'OutcomeUnknown',
      /chroot: no such file/,
    ],
    [
      'an end without a result is an unknown outcome',
      [nonce, begin, 'exit 0'].join('\n'),
      'OutcomeUnknown',
      /without its result/,
    ],
    [
      'the result of another call does not count',
      [nonce, begin, 'nonce=0000', result('ok')].join('\n'),
      'OutcomeUnknown',
      /without its result/,
    ],
    [
      'a script that says it failed has failed',
      [nonce, begin, result(`failed ${base64('error=No space left\0')}`)].join('\n'),
      'NodeScriptFailed',
      /No space left/,
    ],
  ];
  for (const [what, upgrade, type, says] of failures) {
    it(what, async (t) => {
      const { lane, there } = await kubelet(t, upgrade);
      await assert.rejects(lane.run(call), (error: Error) => {
        assert.match(error.message, says);
        return isFailure(error, type);
      });
      await until(() => there().length === 0);
    });
  }

  it('a connection that is lost in mid-script is unreachable, never failed, and no pod stays', async (t) => {
    const { lane, there } = await kubelet(t, (request, socket) => {
      execInShell([nonce, begin, 'sleep 60'].join('\n'))(request, socket);
      setTimeout(() => socket.destroy(), 300);
    });
    await assert.rejects(lane.run(call), (error) => isFailure(error, 'NodeUnreachable'));
    await until(() => there().length === 0);
  });

  it('a script that hangs is cut: unknown', async (t) => {
    const { lane } = await kubelet(t, [nonce, begin, 'exec sleep 60'].join('\n'));
    // Long enough for a busy machine to have come to the script: before that it is a pod that was not reached.
    await assert.rejects(lane.run({ ...call, timeoutMs: 4_000 }), (error) =>
      isFailure(error, 'OutcomeUnknown'),
    );
  });

  it('who may not make pods is told so, by name', async (t) => {
    const { lane } = await kubelet(t, 'exit 0', { change: noPods });
    await assert.rejects(lane.run(call), (error) => isFailure(error, 'ApiForbidden'));
  });

  it('sends no script but the approved one', async (t) => {
    const { lane, made } = await kubelet(t, 'exit 0');
    const strict = approvedOnly(lane, { 'back-up-kubelet.sh': '00'.repeat(32) });
    await assert.rejects(strict.run(call), (error) => isFailure(error, 'PreconditionFailed'));
    assert.deepEqual(made(), []);
  });

  it('hands a file on piece by piece, whole or not at all', async (t) => {
    const { lane } = await kubelet(t, sends(300_000));
    let came = 0;
    const body = async (bytes: Buffer) => {
      await sleep(1);
      came += bytes.length;
    };
    await lane.stream({ ...call, mostBytes: 1_000_000, body });
    assert.equal(came, 300_000);
    const short = await kubelet(t, sends(400_000));
    await assert.rejects(short.lane.stream({ ...call, mostBytes: 1_000_000, body }));
  });
});
