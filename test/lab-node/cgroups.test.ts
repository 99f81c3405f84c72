import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cgroupDriver, parseHierarchies } from '../../lab/node/cgroups.ts';

const V1 = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset,clone_children
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,release_agent=/x,name=systemd`;
const V2 =
  '29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot';
const HYBRID = `${V1}\n41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw`;

test('a v1 hierarchy is mounted anew by its controllers alone', () => {
  assert.deepEqual(
    parseHierarchies(V1).map(({ version, options }) => `${version} ${options}`),
    ['v1 cpu,cpuacct', 'v1 cpuset', 'v1 none,name=systemd'],
  );
});

test('a hybrid machine has its v1 hierarchies and the v2 one', () => {
  assert.deepEqual(parseHierarchies(HYBRID).at(-1), {
    version: 'v2',
    mountPoint: '/sys/fs/cgroup/unified',
    options: '-',
  });
});

test('what is mounted twice, or by a container engine elsewhere, is one hierarchy', () => {
  const twice = `${V2}\n90 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n91 1 0:29 / /run/x/cgroup rw - cgroup cgroup rw,cpu`;
  assert.equal(parseHierarchies(twice).length, 1);
});

test('with any v1 hierarchy the cgroupfs driver is used, on pure v2 systemd', () => {
  assert.equal(cgroupDriver(parseHierarchies(HYBRID)), 'cgroupfs');
  assert.equal(cgroupDriver(parseHierarchies(V2)), 'systemd');
});
