import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { isFailure } from '../../../activities/failure.ts';
import { parseHash } from '../../../activities/observe/etcd/parse-etcdctl.ts';
import { parseHost, parseRoom } from '../../../activities/observe/etcd/parse-host.ts';
import { parseView } from '../../../activities/observe/etcd/parse-view.ts';
import type { EtcdHost } from '../../../domain/etcd/observation.ts';
import { certificate } from '../support/certificates.ts';
import { containersOf, database, etcdNode, manifestOf, writeCertificate } from '../support/etcd-node.ts';
import type { FakeNode } from '../support/fake-node.ts';

const concurrency = 4;
const data = 'var/lib/etcd';
const wal = `${data}/member/wal/0000000000000000-0000000000000000.wal`;
const manifest = 'etc/kubernetes/manifests/etcd-pod.yaml';

function run(on: FakeNode, script: 'observe-etcd.sh' | 'hash-etcd.sh', args: string[] = []) {
  const call = { node: 'master-1', script, runId: 'observe', timeoutMs: 60_000 };
  return on.lane.run({ ...call, args: ['master-1', ...args] });
}

/** What the look makes of a healthy master, minus what `change` does to it. */
async function hostAfter(
  t: TestContext,
  change: (on: FakeNode) => void | Promise<void> = () => undefined,
): Promise<EtcdHost> {
  const on = await etcdNode(t);
  await change(on);
  return parseHost(await run(on, 'observe-etcd.sh'));
}

function remove(on: FakeNode, path: string): void {
  rmSync(join(on.root, path), { recursive: true });
}

/** A node one of whose members listens, at `open`; the others refuse connections. */
async function oneListening(t: TestContext): Promise<{ on: FakeNode; open: string }> {
  const listener = createServer().listen(0, '127.0.0.1');
  t.after(() => listener.close());
  await once(listener, 'listening');
  // It listens by TCP, so it has an address of that kind.
  const open = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  const on = await etcdNode(t);
  on.write('fake/exec', on.read('fake/exec').replaceAll('127.79.0.12:2379', open));
  return { on, open };
}

describe('observe-etcd.sh', { concurrency }, () => {
  it('finds nothing wrong with a healthy master, and asks its member in the container that stays', async (t) => {
    const on = await etcdNode(t);
    const said = await run(on, 'observe-etcd.sh');
    const host = parseHost(said);
    assert.equal(host.data.state, 'present');
    assert.deepEqual(host.data.faults, []);
    assert.ok(host.data.freeBytes > 0 && host.data.writable);
    assert.equal(host.manifest.state, 'present');
    assert.equal(host.certificates.state, 'usable');
    assert.ok(Object.values(host.log).every((count) => count === 0));
    assert.ok(parseRoom(said).freeBytes > 0);
    const view = parseView(said, 'etcdctl');
    assert.equal(view.read.known && view.read.value.healthy, true);
    assert.match(on.calls()[0] ?? '', /^shell sh -c export ETCDCTL_ENDPOINTS=https:\/\/localhost:2379/);
  });

  it('asks the member alone where nothing else is wanted', async (t) => {
    const on = await etcdNode(t);
    const said = await run(on, 'observe-etcd.sh', ['member']);
    assert.deepEqual(Object.keys(said).toSorted(), ['containers', 'member', 'memberError']);
    const whole = await run(on, 'observe-etcd.sh');
    assert.deepEqual(parseView(said, 'etcdctl'), parseView(whole, 'etcdctl'));
  });

  it('asks no member that has no quorum whom it reaches', async (t) => {
    const { on, open } = await oneListening(t);
    on.write('fake/reach', `[{"endpoint":"https://${open}","health":true,"took":"9ms"}]`);
    on.write(
      'fake/exec',
      on.read('fake/exec').replace('@@end read 0 ', '@@end read 1 context deadline exceeded'),
    );
    const { read, members } = parseView(await run(on, 'observe-etcd.sh'), 'etcdctl');
    assert.deepEqual(read.known && read.value, { healthy: false, detail: 'context deadline exceeded' });
    assert.equal(members.known, true);
    assert.ok(!on.calls().some((call) => call.endsWith('endpoint health')));
  });

  it('has as much room for a snapshot as the fuller of the two file systems that it is written to', () => {
    assert.equal(parseRoom({ room: '7000', 'data.free': '5000' }).freeBytes, 5_000);
    assert.equal(parseRoom({ room: '3000', 'data.free': '5000' }).freeBytes, 3_000);
    assert.throws(() => parseRoom({ room: '3000' }), /data\.free/);
  });

  it('changes nothing, and says no private key', async (t) => {
    const on = await etcdNode(t);
    const before = statSync(join(on.root, data, 'member/snap/db')).mtimeMs;
    const said = await run(on, 'observe-etcd.sh');
    assert.doesNotMatch(JSON.stringify(said), /PRIVATE KEY/);
    assert.equal(statSync(join(on.root, data, 'member/snap/db')).mtimeMs, before);
    assert.ok(!on.has('var/lib/etcd-recovery'));
  });

  it('tells data that are gone from data that are there', async (t) => {
    const states = [
      await hostAfter(t, (on) => remove(on, `${data}/member`)),
      await hostAfter(t, (on) => {
        remove(on, `${data}/member`);
        mkdirSync(join(on.root, data, 'member/wal'), { recursive: true });
      }),
    ].map((host) => host.data);
    assert.deepEqual(
      states.map(({ state, faults }) => [state, faults]),
      [
        ['missing', []],
        ['empty', []],
      ],
    );
  });

  it('finds a database that opens from neither of its first pages, and takes one good page for enough', async (t) => {
    const overwritten = database((pages) => pages.fill(0xa5));
    const torn = database((pages) => pages.writeBigUInt64LE(7n, 16 + 48));
    const both = database((pages) => {
      for (const page of [0, 4096]) pages.writeBigUInt64LE(7n, page + 16 + 48);
    });
    const faultsOf = async (content: Uint8Array) =>
      (await hostAfter(t, (on) => on.write(`${data}/member/snap/db`, content))).data.faults;
    for (const bad of [overwritten, both, Buffer.alloc(0), database().subarray(0, 60)])
      assert.match((await faultsOf(bad)).join(), /neither meta page/);
    assert.deepEqual(await faultsOf(torn), []);
  });

  it('finds a write-ahead log that does not begin as one, or is not there', async (t) => {
    const zeros = await hostAfter(t, (on) => on.write(wal, Buffer.alloc(64)));
    assert.match(zeros.data.faults.join(), /does not begin with a record/);
    const gone = await hostAfter(t, (on) => remove(on, wal));
    assert.match(gone.data.faults.join(), /no file in/);
  });

  it('compares the manifest with the copy of the revision that it claims', async (t) => {
    const stateAfter = async (change: (on: FakeNode) => void) => (await hostAfter(t, change)).manifest.state;
    assert.equal(await stateAfter((on) => remove(on, manifest)), 'missing');
    assert.equal(await stateAfter((on) => on.write(manifest, 'kind: [')), 'unparsable');
    assert.equal(await stateAfter((on) => on.write(manifest, 'kind: ConfigMap')), 'unparsable');
    assert.equal(await stateAfter((on) => on.write(manifest, `${manifestOf('2')}# by hand\n`)), 'differs');
    // Of a revision whose copy was pruned, or that no operator made, nothing can be said.
    assert.equal(await stateAfter((on) => on.write(manifest, manifestOf('12'))), 'present');
  });

  it('reads the certificates as etcd would, and names the worst', async (t) => {
    const [own, other] = [await certificate('CN=a'), await certificate('CN=b')];
    const old = await certificate('CN=old', { notAfter: new Date(Date.now() - 60_000) });
    const stateAfter = async (pem: string, key: string) => {
      const host = await hostAfter(t, (on) => writeCertificate(on, 'etcd-serving', pem, key));
      return host.certificates;
    };
    assert.deepEqual(await stateAfter(own.pem, other.key), {
      state: 'key-mismatch',
      detail: 'etcd-serving-master-1',
    });
    assert.equal((await stateAfter(old.pem, old.key)).state, 'expired');
    assert.equal((await stateAfter('nonsense', own.key)).state, 'unparsable');
    assert.equal((await stateAfter(own.pem, own.key)).state, 'usable');
    const missing = await hostAfter(t, (on) =>
      remove(
        on,
        'etc/kubernetes/static-pod-resources/etcd-certs/secrets/etcd-all-certs/etcd-peer-master-1.key',
      ),
    );
    assert.deepEqual(missing.certificates, { state: 'missing', detail: 'etcd-peer-master-1' });
  });

  for (const [sign, lines] of Object.entries({
    dataDestroyed: [
      'member "https://10.78.0.13:2380" dataDir has been destroyed and must be removed from the cluster',
    ],
    dataCorrupt: [
      '{"level":"panic","caller":"backend/backend.go:201","msg":"failed to open database","error":"invalid database"}',
      '{"level":"fatal","msg":"failed to recover v3 backend from snapshot"}',
      'wal: crc mismatch',
      'panic: tocommit(9) is out of range [lastIndex(3)]. Was the raft log corrupted, truncated, or lost?',
    ],
    addressRefused: [
      'Expected node IP to be 10.78.0.23 got 10.78.0.13',
      'Error: expected NODE_master_2_IP to be 10.78.0.23, got 10.78.0.13',
    ],
    certificateUnusable: [
      '{"level":"fatal","msg":"discovery failed","error":"tls: private key does not match public key"}',
      'open /etc/kubernetes/static-pod-certs/secrets/etcd-all-certs/etcd-peer-master-1.crt: no such file or directory',
    ],
    certificateRejected: ['x509: certificate is valid for 10.78.0.13, 127.0.0.1, not 10.78.0.23'],
    removed: ['the member has been permanently removed from the cluster'],
    diskFull: ['write /var/lib/etcd/member/wal/0.tmp: no space left on device'],
  })) {
    it(`finds the last words of a container: ${sign}`, async (t) => {
      for (const line of lines) {
        const { log } = await hostAfter(t, (on) => on.write('fake/logs/etcd-0', `2026 stderr F ${line}\n`));
        const others = Object.entries(log).filter(([name, count]) => name !== sign && count > 0);
        assert.deepEqual([log[sign as keyof typeof log], others], [1, []], line);
      }
    });
  }

  it('listens to the last two of etcd, for the newest may have only just begun, and to no other pod', async (t) => {
    const words = 'wal: crc mismatch\n';
    const heard = async (id: string) =>
      (
        await hostAfter(t, (on) => {
          containersOf(on, { etcd: 'RUNNING', before: 2 });
          on.write(`fake/logs/${id}`, words);
        })
      ).log.dataCorrupt;
    assert.deepEqual(
      [await heard('etcd-2'), await heard('etcd-1'), await heard('etcd-0'), await heard('stranger')],
      [1, 1, 0, 0],
    );
  });

  it('knows no logs, and no member, where the container runtime does not answer', async (t) => {
    const on = await etcdNode(t);
    on.write('fake/crictl-fails', '');
    const said = await run(on, 'observe-etcd.sh');
    assert.match(said['runtimeError'] ?? '', /connection refused/);
    assert.equal(parseView(said, 'etcdctl').read.known, false);
  });

  it('asks nobody when neither container runs', async (t) => {
    const on = await etcdNode(t);
    on.write('fake/containers.json', '{"containers":[]}');
    const said = await run(on, 'observe-etcd.sh');
    const { read } = parseView(said, 'etcdctl');
    assert.equal(read.known && read.value.healthy, false);
    assert.deepEqual(on.calls(), []);
  });

  it('asks nobody while etcd does not run, though its container etcdctl does: who asks there only waits', async (t) => {
    const on = await etcdNode(t);
    containersOf(on, { etcd: 'EXITED', before: 3 });
    const said = await run(on, 'observe-etcd.sh');
    const { read, members } = parseView(said, 'etcdctl');
    assert.equal(read.known && read.value.detail, 'its container etcd does not run');
    assert.equal(members.known, false);
    assert.deepEqual(on.calls(), []);
  });

  it('waits for no member that refuses connections, and leaves the others to etcdctl', async (t) => {
    const { on, open } = await oneListening(t);
    on.write('fake/reach', `[{"endpoint":"https://${open}","health":true,"took":"9ms"}]`);
    const said = await run(on, 'observe-etcd.sh');
    assert.deepEqual(
      on.calls().filter((call) => call.endsWith('endpoint health')),
      [
        `shell sh -c export ETCDCTL_ENDPOINTS='https://${open}'; exec etcdctl --command-timeout=4s --dial-timeout=2s -w json endpoint health`,
      ],
    );
    const { reach } = parseView(said, 'etcdctl');
    assert.ok(reach.known);
    assert.deepEqual(
      reach.value.map(({ healthy, detail }) => [healthy, detail]),
      [
        [false, 'connection refused'],
        [true, 'took 9ms'],
        [false, 'connection refused'],
      ],
    );
  });

  it('knows nothing of whom a member reaches where etcdctl does not say', async (t) => {
    const { on } = await oneListening(t);
    const { reach, members } = parseView(await run(on, 'observe-etcd.sh'), 'etcdctl');
    assert.equal(members.known, true);
    assert.equal(reach.known, false);
  });

  it('reads nothing under a wrong name', async (t) => {
    const on = await etcdNode(t);
    on.unit({ Environment: 'KUBELET_NODE_NAME=master-7' });
    await assert.rejects(run(on, 'observe-etcd.sh'), (error) => isFailure(error, 'PreconditionFailed'));
  });
});

describe('hash-etcd.sh', { concurrency }, () => {
  const answer =
    '[{"Endpoint":"https://localhost:2379","HashKV":{"header":{"cluster_id":9,"member_id":8,"revision":9},"hash":5,"compact_revision":2}}]';

  it('asks this master’s own member for the hash at that revision', async (t) => {
    const on = await etcdNode(t);
    on.write('fake/exec', answer);
    const { hash = '' } = await run(on, 'hash-etcd.sh', ['1000']);
    assert.equal(parseHash(hash, 1000).hash, '5');
    assert.match(on.calls()[0] ?? '', /localhost:2379; exec etcdctl .* endpoint hashkv --rev=1000$/);
  });

  it('asks for a revision and for nothing else', async (t) => {
    const on = await etcdNode(t);
    for (const revision of ['0', '-1', '1; reboot', ''])
      await assert.rejects(run(on, 'hash-etcd.sh', [revision]), (error) =>
        isFailure(error, 'NodeScriptFailed'),
      );
    assert.deepEqual(on.calls(), []);
  });
});
