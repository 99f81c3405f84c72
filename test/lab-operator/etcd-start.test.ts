import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { run } from '../../lab/host/run.ts';

/** The table of discover-etcd-initial-cluster, row by row, on the script that stands for it. */
const SCRIPT = join(import.meta.dirname, '../../lab/operator/pods/etcd-start.sh');
const OTHERS = [
  'b, started, master-0, https://10.0.0.11:2380, https://10.0.0.11:2379, false',
  'c, started, master-1, https://10.0.0.12:2380, https://10.0.0.12:2379, false',
];
const STARTED = 'd, started, master-2, https://10.0.0.13:2380, https://10.0.0.13:2379, false';
const UNSTARTED = 'd, unstarted, , https://10.0.0.13:2380, , true';
const ELSEWHERE = 'd, started, master-2, https://10.0.0.23:2380, https://10.0.0.23:2379, false';

const dir = mkdtempSync(join(tmpdir(), 'etcd-start-'));
after(() => rmSync(dir, { recursive: true }));
let count = 0;

test('an unstarted member without data joins with the names of the others', async () => {
  const { code, stdout } = await start({ members: [...OTHERS, UNSTARTED], data: false });
  assert.equal(code, 0);
  assert.match(
    stdout,
    /etcd of master-2 in \[master-0=https:\/\/10\.0\.0\.11:2380,master-1=https:\/\/10\.0\.0\.12:2380,master-2=https:\/\/10\.0\.0\.13:2380\] with --x/,
  );
});

test('an unstarted member with data archives it and comes back clean', async () => {
  const { code, stdout, left } = await start({ members: [...OTHERS, UNSTARTED], data: true });
  assert.equal(code, 1);
  assert.match(stdout, /is unstarted but previous members dataDir exists/);
  assert.equal(left.length, 1);
  assert.match(left[0] ?? '', /^member-removed-archive-/);
});

test('a started member with data starts as it is', async () => {
  const { code, stdout } = await start({ members: [...OTHERS, STARTED], data: true });
  assert.equal(code, 0);
  assert.match(stdout, /etcd of master-2 in \[\] with --x/);
});

test('a started member without data refuses: its data has been destroyed', async () => {
  const { code, stdout } = await start({ members: [...OTHERS, STARTED], data: false });
  assert.equal(code, 1);
  assert.match(stdout, /dataDir has been destroyed and must be removed from the cluster/);
});

test('a member that is not listed under its address waits, with data and without, and never starts', async () => {
  for (const data of [true, false]) {
    const { killed, stdout, left } = await start({ members: [...OTHERS, ELSEWHERE], data, waits: true });
    assert.ok(killed);
    assert.match(
      stdout,
      data ? /not found in member list but dataDir exists/ : /not found in member list, check/,
    );
    assert.deepEqual(left, data ? ['member'] : []);
  }
});

test('with nobody to ask, a member with data starts and one without does not', async () => {
  assert.match((await start({ members: undefined, data: true })).stdout, /etcd of master-2 in \[\] with --x/);
  assert.equal((await start({ members: undefined, data: false })).code, 1);
});

interface Case {
  /** What `etcdctl member list` answers; undefined: nobody answers. */
  members: readonly string[] | undefined;
  data: boolean;
  /** The script is expected to go on for ever. */
  waits?: boolean;
}

async function start({ members, data, waits = false }: Case) {
  const place = join(dir, String(count++));
  const bin = join(place, 'bin');
  const dataDir = join(place, 'data');
  mkdirSync(bin, { recursive: true });
  mkdirSync(join(dataDir, data ? 'member/snap' : ''), { recursive: true });
  const list = members === undefined ? 'exit 1' : `cat <<'X'\n${members.join('\n')}\nX`;
  command(bin, 'etcdctl', list);
  command(bin, 'etcd', 'echo "etcd of $ETCD_NAME in [$ETCD_INITIAL_CLUSTER] with $*"');
  command(bin, 'netstat', 'exit 0');
  const env = {
    PATH: `${bin}:${process.env['PATH']}`,
    ETCD_DATA_DIR: dataDir,
    ALL_ETCD_ENDPOINTS: 'https://10.0.0.11:2379,https://10.0.0.13:2379',
  };
  const argv = ['timeout', waits ? '1' : '20', 'sh', SCRIPT, 'master-2', '10.0.0.13', '--x'];
  const { code, stdout } = await run(argv, { env });
  const left = existsSync(dataDir) ? readdirSync(dataDir) : [];
  return { code, stdout, left, killed: code === 124 };
}

function command(bin: string, name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}
