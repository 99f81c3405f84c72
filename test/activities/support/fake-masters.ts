import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { NodeLane } from '../../../activities/connections/node-lane.ts';
import { decimalId } from '../../../domain/etcd/member-id.ts';
import type { EtcdPins } from '../../../domain/etcd/pins.ts';
import { scriptHashes } from '../../../activities/node-scripts/scripts.ts';
import { fakeNode, type FakeNode } from './fake-node.ts';

export const runId = 'er-7f3a-master-2';
const clusterId = 'cdf818194e3a8c32';
/** More than 2^63, so that a float or a signed number would name another. */
export const memberIds: Record<string, string> = {
  'master-0': '9e73c4c6d0f1a2b3',
  'master-1': 'a1b2c3d4e5f60718',
  'master-2': 'ff00ff00ff00ff01',
};

/** Three masters in directories, one cluster of etcd between them; a lane to all of them. */
export interface FakeMasters {
  lane: NodeLane;
  of(name: string): FakeNode;
  /** Lines `id name peers`, ids in hexadecimal. */
  members(): string[];
  setMembers(lines: string[]): void;
  /** A file below the cluster's own directory: `loses-reply`, `refuses`, `revision`. */
  tell(file: string, content?: string): void;
}

export function fakeMasters(t: TestContext): FakeMasters {
  const shared = mkdtempSync(join(tmpdir(), 'cpr-etcd-'));
  t.after(() => rmSync(shared, { recursive: true }));
  const tell = (file: string, content = '') => writeFileSync(join(shared, file), content);
  const nodes = new Map<string, FakeNode>();
  // Made when it is asked for: most tests need one or two.
  const of = (name: string) => {
    const node = nodes.get(name) ?? fakeMaster(t, name, shared);
    nodes.set(name, node);
    return node;
  };
  const masters: FakeMasters = {
    lane: {
      run: (call) => of(call.node).lane.run(call),
      stream: (call) => of(call.node).lane.stream(call),
    },
    of,
    members: () =>
      readFileSync(join(shared, 'members'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.replace(/^\d+/, (id) => BigInt(id).toString(16))),
    setMembers: (lines) =>
      tell('members', lines.map((line) => `${line.replace(/^[0-9a-f]+/, decimalId)}\n`).join('')),
    tell,
  };
  tell('cluster', decimalId(clusterId));
  tell('revision', '4711');
  masters.setMembers(Object.entries(memberIds).map(([name, id]) => `${id} ${name} ${peerOf(name)}`));
  return masters;
}

function fakeMaster(t: TestContext, name: string, shared: string): FakeNode {
  const node = fakeNode(t, name);
  node.write('fake/member', decimalId(memberIds[name] ?? ''));
  node.write('fake/name', name);
  symlinkSync(shared, join(node.root, 'fake/etcd'));
  node.write('var/lib/etcd/member/snap/db', 'pages of a database');
  node.write('var/lib/etcd/member/wal/0.wal', 'log');
  node.write('etc/kubernetes/manifests/etcd-pod.yaml', `# revision 7, byte for byte\nkind: Pod\n`);
  return node;
}

export function peerOf(name: string): string {
  return `https://10.0.0.1${name.slice(-1)}:2380`;
}

/** To replace the member of master-2, whose address is 10.0.0.22 now, through master-0. */
export function pins(change: Partial<EtcdPins> = {}): EtcdPins {
  const pin = (node: string) => ({ node, memberId: memberIds[node] ?? '', peerUrls: [peerOf(node)] });
  return {
    runId,
    scripts: scriptHashes(),
    clusterId,
    cause: 'data-corrupt',
    strategy: 'replace',
    operator: 'revision-gated',
    target: {
      node: 'master-2',
      nodeUid: 'uid-of-master-2',
      addresses: ['10.0.0.22'],
      member: { id: memberIds['master-2'] ?? '', peerUrls: [peerOf('master-2')] },
    },
    executor: pin('master-0'),
    survivors: [pin('master-0'), pin('master-1')],
    certificates: { cure: 'none', secrets: [] },
    overrides: 'absent',
    remediators: [],
    recipient: '',
    ...change,
  };
}
