import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { debianSources, mirrorIn } from '../../lab/base/apt.ts';
import { packImage } from '../../lab/base/oci.ts';
import { packageProgress } from '../../lab/base/root.ts';
import { mustRun } from '../../lab/host/run.ts';

const dirs: string[] = [];
after(() => Promise.all(dirs.map((dir) => rm(dir, { recursive: true, force: true }))));

describe('an image archive', () => {
  it('has the same bytes whenever and by whomever it is packed', async () => {
    const [first, second] = [await scratch(), await scratch()];
    await fill(join(first, 'rootfs'), ['a', 'b'], 0o755);
    await fill(join(second, 'rootfs'), ['b', 'a'], 0o700);
    await utimes(join(second, 'rootfs', 'a'), 1, 1);
    assert.deepEqual(await pack(first), await pack(second));
  });

  it('names the image for containerd, and its layer and configuration by their digests', async () => {
    const dir = await scratch();
    await fill(join(dir, 'rootfs'), ['pause'], 0o755);
    await pack(dir);
    const read = async (path: string) => {
      const { stdout } = await mustRun(['tar', '-xOf', join(dir, 'image.tar'), path]);
      return JSON.parse(stdout);
    };
    const { manifests } = await read('index.json');
    assert.equal(manifests[0].annotations['io.containerd.image.name'], 'lab.local/pause:1');
    const manifest = await read(blob(manifests[0].digest));
    const config = await read(blob(manifest.config.digest));
    assert.deepEqual(config.config.Entrypoint, ['/pause']);
    assert.deepEqual(config.rootfs.diff_ids, [manifest.layers[0].digest]);
    assert.equal(manifest.layers[0].mediaType, 'application/vnd.oci.image.layer.v1.tar');
  });
});

describe("the host's Debian mirror", () => {
  const cases: [string, string, { main: string; security: string }][] = [
    [
      'is read from deb822 sources',
      'Types: deb\nURIs: http://mirror.corp/debian\nSuites: bookworm\n\nTypes: deb\nURIs: http://mirror.corp/debian-security\nSuites: bookworm-security\n',
      { main: 'http://mirror.corp/debian', security: 'http://mirror.corp/debian-security' },
    ],
    [
      'is read from one-line sources, with options or without',
      'deb [signed-by=/k.gpg] https://ftp.example/debian/ trixie main\ndeb https://ftp.example/debian-security trixie-security main\n',
      { main: 'https://ftp.example/debian/', security: 'https://ftp.example/debian-security' },
    ],
    [
      'is read from the mirror lists of cloud images',
      'URIs: mirror+file:///etc/apt/mirrors/debian.list\nURIs: mirror+file:///etc/apt/mirrors/debian-security.list\n',
      {
        main: 'mirror+file:///etc/apt/mirrors/debian.list',
        security: 'mirror+file:///etc/apt/mirrors/debian-security.list',
      },
    ],
    [
      'has its security archive beside it where the sources name none',
      'deb http://mirror.corp/debian trixie main\n',
      { main: 'http://mirror.corp/debian', security: 'http://mirror.corp/debian-security' },
    ],
    [
      "is Debian's own where the sources name only others",
      '# deb http://old.example/debian trixie main\ndeb http://archive.ubuntu.com/ubuntu noble main\ndeb https://download.docker.com/linux/ubuntu noble stable\n',
      { main: 'http://deb.debian.org/debian', security: 'http://deb.debian.org/debian-security' },
    ],
  ];
  for (const [claim, sources, mirror] of cases) it(claim, () => assert.deepEqual(mirrorIn(sources), mirror));

  it('becomes sources for another suite, its updates and its security archive', () => {
    const text = debianSources(
      { main: 'http://m/debian', security: 'http://m/sec', signedBy: '/k.gpg' },
      'trixie',
    );
    assert.equal(
      text,
      'Types: deb\nURIs: http://m/debian\nSuites: trixie trixie-updates\nComponents: main\nSigned-By: /k.gpg\n\n' +
        'Types: deb\nURIs: http://m/sec\nSuites: trixie-security\nComponents: main\nSigned-By: /k.gpg\n',
    );
  });
});

describe('how far the installation of Debian is', () => {
  const cases: [string, string | undefined][] = [
    ['Get:12 http://m/debian trixie/main amd64 curl amd64 8.14 [269 kB]', 'downloading package 12: curl'],
    ['Unpacking libc6:amd64 (2.41-12) ...', 'unpacking libc6'],
    ['Setting up systemd (257.8-1) ...', 'setting up systemd'],
    ['I: running apt-get update...', undefined],
  ];
  for (const [line, expected] of cases) {
    it(`after "${line}" is ${expected ?? 'not known'}`, () => assert.equal(packageProgress(line), expected));
  }
});

async function pack(dir: string): Promise<Buffer> {
  const out = join(dir, 'image.tar');
  const rootfs = join(dir, 'rootfs');
  await packImage({
    name: 'lab.local/pause:1',
    rootfs,
    work: join(dir, 'work'),
    out,
    entrypoint: ['/pause'],
  });
  return readFile(out);
}

async function fill(rootfs: string, names: readonly string[], mode: number): Promise<void> {
  await mkdir(join(rootfs, 'bin'), { recursive: true, mode });
  for (const name of names) {
    await writeFile(join(rootfs, name), name);
    await chmod(join(rootfs, name), mode);
  }
  await symlink('busybox', join(rootfs, 'bin', 'sh'));
}

function blob(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

async function scratch(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cpr-base-'));
  dirs.push(dir);
  return dir;
}
