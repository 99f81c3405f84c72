import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, unlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { isFailure } from '../../../activities/failure.ts';
import type { NodeScriptName } from '../../../activities/node-scripts/scripts.ts';
import { lookAtNode } from '../../../activities/observe/node.ts';
import type { KubeletEvidence } from '../../../domain/control-plane.ts';
import { token } from '../support/certificates.ts';
import { bootstrapFile, fakeNode, type FakeNode } from '../support/fake-node.ts';

const node = 'master-1';
const runId = '0b1c2d3e4f50';
const recovery = 'var/lib/kubelet-recovery';
const backup = `${recovery}/${runId}`;
const present = 'etc/kubernetes/kubeconfig';
const sub = 'system:serviceaccount:openshift-machine-config-operator:node-bootstrapper';
const temporary = token({ sub, exp: 4e9 });
const durable = token({ sub });

function run(on: FakeNode, script: NodeScriptName, args: string[] = [node], input = '') {
  return on.lane.run({ node, script, runId, args, input, timeoutMs: 30_000 });
}

async function seen(on: FakeNode): Promise<KubeletEvidence> {
  return (await lookAtNode(on.lane, node, {})).kubelet;
}

/** As a run leaves it that is ended after its bootstrap step. */
async function left(t: TestContext): Promise<FakeNode> {
  const on = fakeNode(t);
  await run(on, 'back-up-kubelet.sh');
  on.acceptTokens(temporary, durable);
  await install(on, temporary);
  return on;
}

async function install(on: FakeNode, credential: string): Promise<void> {
  const expected = createHash('sha256').update(on.read(present)).digest('hex');
  await run(on, 'install-bootstrap.sh', [node, expected], bootstrapFile(credential));
}

const nothing = { aborted: false, restarts: 0, quarantined: 0, halfWritten: [] };

describe('the traces of a run', { concurrency: 4 }, () => {
  it('are none on a node where none has been', async (t) => {
    assert.deepEqual((await seen(fakeNode(t))).traces, { runs: [], lockHeld: false });
  });

  it('are its directory, its credential, its restarts and what it moved aside', async (t) => {
    const on = await left(t);
    on.write('var/lib/kubelet/pki/kubelet-client-current.pem', 'damaged');
    await run(on, 'restart-kubelet.sh', [node, '1', 'none', 'none']);
    const expected = {
      runId,
      hasDirectory: true,
      holdsBootstrap: true,
      ...nothing,
      restarts: 1,
      quarantined: 1,
    };
    assert.deepEqual((await seen(on)).traces.runs, [expected]);
  });

  it('are what recoveries of etcd keep there, and a snapshot that one was taking when it was killed', async (t) => {
    const on = fakeNode(t);
    on.write('var/lib/etcd/quarantine-0b1c2d3e4f50/member/snap/db', 'x'.repeat(5_000));
    on.write('var/lib/etcd-recovery/0b1c2d3e4f50/snapshot.db', 'x'.repeat(7_000));
    on.write('var/lib/etcd-recovery/0123456789ab/.snapshot.nonce', 'half');
    // What a recovery leaves on the node whose data it has moved holds nothing.
    on.write('var/lib/etcd-recovery/ba9876543210/aborted', '');
    on.write('var/lib/etcd/.cpr-snapshot-0123456789ab.9f2c/snapshot.db', 'half');
    on.write('var/lib/etcd/member/snap/db', 'the data of the member');
    mkdirSync(join(on.root, 'var/lib/etcd/quarantine-..%2f'), { recursive: true });
    const { etcd: kept = [], runs } = (await seen(on)).traces;
    assert.deepEqual(
      kept.map(({ kind, runId: id, path, manifestOut }) => [kind, id, path, manifestOut]),
      [
        ['quarantine', runId, `/var/lib/etcd/quarantine-${runId}`, undefined],
        ['snapshot', runId, `/var/lib/etcd-recovery/${runId}`, undefined],
      ],
    );
    assert.deepEqual(
      runs.map((one) => [one.runId, one.hasDirectory, one.halfWritten]),
      [
        [
          '0123456789ab',
          false,
          [
            '/var/lib/etcd/.cpr-snapshot-0123456789ab.9f2c',
            '/var/lib/etcd-recovery/0123456789ab/.snapshot.nonce',
          ],
        ],
      ],
    );
    assert.ok((kept[0]?.bytes ?? 0) >= 5_000 && (kept[1]?.bytes ?? 0) >= 7_000, JSON.stringify(kept));
    assert.ok(Math.abs(Date.parse(kept[0]?.changedAt ?? '') - Date.now()) < 600_000);
  });

  it('tell where the manifest of etcd lies in quarantine and nowhere else', async (t) => {
    const on = fakeNode(t);
    on.write(`var/lib/etcd/quarantine-${runId}/etcd-pod.yaml`, 'kind: Pod');
    assert.equal((await seen(on)).traces.etcd?.[0]?.manifestOut, undefined);
    unlinkSync(join(on.root, 'etc/kubernetes/manifests/etcd-pod.yaml'));
    assert.equal((await seen(on)).traces.etcd?.[0]?.manifestOut, true);
  });

  it('are what a killed script was writing, also where there is no directory', async (t) => {
    const on = fakeNode(t);
    on.write(`${recovery}/.run-a.unfinished.Xy12/kubeconfig`, 'half');
    on.write(`${present}.cpr-run-b`, 'half');
    const { runs } = (await seen(on)).traces;
    assert.deepEqual(
      runs.map((one) => [one.runId, one.hasDirectory, one.halfWritten]),
      [
        ['run-a', false, [`/${recovery}/.run-a.unfinished.Xy12`]],
        ['run-b', false, [`/${present}.cpr-run-b`]],
      ],
    );
  });

  it('say how it ended, once it has healed or has put back', async (t) => {
    const on = await left(t);
    await run(on, 'restore-kubelet.sh');
    const [putBack] = (await seen(on)).traces.runs;
    assert.deepEqual(
      [putBack?.concluded, putBack?.aborted, putBack?.holdsBootstrap],
      ['put back', true, false],
    );

    const healed = await left(t);
    await install(healed, durable);
    await run(healed, 'conclude-run.sh', [node, 'healed']);
    assert.equal((await seen(healed)).traces.runs[0]?.concluded, 'healed');
  });

  it('show a lock that somebody holds, and do not take it', async (t) => {
    const on = fakeNode(t);
    on.write('bin/flock', '#!/bin/sh\nexit 1\n');
    on.write('run/control-plane-recovery/lock', '');
    chmodSync(join(on.root, 'bin/flock'), 0o755);
    assert.equal((await seen(on)).traces.lockHeld, true);
  });

  it('are not read out of files whose names no run of ours has', async (t) => {
    const on = fakeNode(t);
    mkdirSync(join(on.root, recovery, 'what is this'), { recursive: true });
    assert.deepEqual((await seen(on)).traces.runs, []);
  });
});

describe('conclude-run.sh', { concurrency: 4 }, () => {
  it('sweeps up the snapshots of etcd that this run was taking, and neither a finished one nor another run’s', async (t) => {
    const on = fakeNode(t);
    const mine = [
      `var/lib/etcd/.cpr-snapshot-${runId}.9f2c/snapshot.db`,
      `var/lib/etcd-recovery/${runId}/.snapshot.9f2c`,
    ];
    const others = [
      `var/lib/etcd-recovery/${runId}/snapshot.db`,
      `var/lib/etcd/.cpr-snapshot-${runId}0.9f2c/snapshot.db`,
      'var/lib/etcd-recovery/0123456789ab/.snapshot.9f2c',
      'var/lib/etcd/member/snap/db',
      `var/lib/etcd/quarantine-${runId}/member/snap/db`,
    ];
    for (const file of [...mine, ...others]) on.write(file, 'pages');
    assert.equal((await run(on, 'conclude-run.sh', [node, 'cleaned up']))['changed'], 'yes');
    assert.deepEqual(
      mine.filter((file) => on.has(file)),
      [],
    );
    assert.deepEqual(
      others.filter((file) => !on.has(file)),
      [],
    );
  });

  it('says once how the run ended, and keeps its backup', async (t) => {
    const on = await left(t);
    await install(on, durable);
    const said = await run(on, 'conclude-run.sh', [node, 'cleaned up']);
    assert.deepEqual([said['changed'], said['directory']], ['yes', `/${backup}`]);
    assert.equal(on.read(`${backup}/concluded`), 'cleaned up\n');
    assert.match(on.read(`${backup}/bootstrap-kubeconfig`), /rejected-token-of-before/);
    assert.equal((await run(on, 'conclude-run.sh', [node, 'healed']))['changed'], 'no');
    assert.equal(on.read(`${backup}/concluded`), 'cleaned up\n');
  });

  it('does not call over what has its temporary credential in place', async (t) => {
    const on = await left(t);
    await assert.rejects(run(on, 'conclude-run.sh', [node, 'cleaned up']), (error) =>
      isFailure(error, 'PreconditionFailed'),
    );
    assert.equal(on.has(`${backup}/concluded`), false);
  });

  it('sweeps up what was half-written for this run, and for no other', async (t) => {
    const on = fakeNode(t);
    on.write(`${recovery}/.${runId}.unfinished.Xy12/kubeconfig`, 'half');
    on.write(`${recovery}/.another.unfinished.Xy12/kubeconfig`, 'half');
    on.write(`${present}.cpr-${runId}`, 'half');
    assert.equal((await run(on, 'conclude-run.sh', [node, 'cleaned up']))['directory'], 'none');
    assert.deepEqual(readdirSync(join(on.root, recovery)), ['.another.unfinished.Xy12']);
    assert.equal(on.has(`${present}.cpr-${runId}`), false);
    assert.equal((await run(on, 'conclude-run.sh', [node, 'cleaned up']))['changed'], 'no');
  });

  it('takes a token that expires out of the backup: an earlier run had left it in place', async (t) => {
    const on = fakeNode(t);
    on.write(present, bootstrapFile(temporary));
    await run(on, 'back-up-kubelet.sh');
    on.acceptTokens(durable);
    await install(on, durable);
    await run(on, 'conclude-run.sh', [node, 'healed']);
    assert.equal(on.has(`${backup}/bootstrap-kubeconfig`), false);
    assert.equal(on.has(`${backup}/kubeconfig`), true);
    const verify = ['--quiet', '-c', 'manifest.sha256'];
    execFileSync('sha256sum', verify, { cwd: join(on.root, backup), stdio: 'pipe' });
    assert.deepEqual((await seen(on)).temporaryCredentials, []);
  });

  it('knows three words and no others', async (t) => {
    await assert.rejects(run(await left(t), 'conclude-run.sh', [node, 'fine']), (error) =>
      isFailure(error, 'NodeScriptFailed'),
    );
  });
});

describe('a static pod', { concurrency: 4 }, () => {
  const manifest = 'etc/kubernetes/manifests/etcd-pod.yaml';
  const created = 1_763_800_000;

  function running(t: TestContext, name = `etcd-${node}`): FakeNode {
    const on = fakeNode(t);
    const annotations = { 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.hash': 'abc' };
    const metadata = { name, namespace: 'openshift-etcd' };
    const item = { metadata, annotations, state: 'SANDBOX_READY', createdAt: `${created}123456789` };
    on.write('fake/pods.json', JSON.stringify({ items: [item] }));
    utimesSync(join(on.root, manifest), created, created);
    return on;
  }

  it('is as its manifest says', async (t) => {
    const { manifests, orphanPods } = await seen(running(t));
    assert.deepEqual(
      [manifests[0]?.runningHash, manifests[0]?.writtenSince, orphanPods],
      ['abc', undefined, []],
    );
  });

  it('that runs without a manifest is seen', async (t) => {
    const { orphanPods } = await seen(running(t, `kube-apiserver-${node}`));
    assert.deepEqual(orphanPods, [{ namespace: 'openshift-etcd', name: `kube-apiserver-${node}` }]);
  });

  it('whose manifest was written later is seen', async (t) => {
    const on = running(t);
    utimesSync(join(on.root, manifest), created + 60, created + 60);
    assert.equal((await seen(on)).manifests[0]?.writtenSince, true);
  });
});
