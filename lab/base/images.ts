import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { buildOnce, cacheDir, keyOf } from '../host/cache.ts';
import { during, type Progress } from '../host/progress.ts';
import { mustRun } from '../host/run.ts';
import { packImage } from './oci.ts';
import { PAUSE_IMAGE } from './recipe.ts';

export interface Images {
  imagesDir: string;
  etcdVersion: string;
  pauseImage: string;
  etcdImage: string;
  hyperkubeImage: string;
}

interface ImagesOptions {
  /** The Debian root: busybox and etcd come from it. */
  debian: string;
  binDir: string;
  /** Path of the binary `etcd-readyz`. */
  readyz: string;
  kubernetesVersion: string;
  progress: Progress;
  signal?: AbortSignal | undefined;
}

/** Raise it when the layout of the images changes; their contents are in the key by themselves. */
const LAYOUT = 'layout-2';
const CONTROL_PLANE = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
const ETCD = ['etcd', 'etcdctl', 'etcdutl'];

/** The three archives, packed from Debian's and our own binaries: the lab has no registry. */
export async function ensureImages(options: ImagesOptions): Promise<Images> {
  const { debian, binDir, readyz, kubernetesVersion, progress, signal } = options;
  const target = join(
    cacheDir(),
    'images',
    `${kubernetesVersion}-${keyOf(LAYOUT, basename(debian), basename(binDir), basename(dirname(readyz)))}`,
  );
  const what = "the lab's container images";
  await buildOnce(
    target,
    (dir) => during(progress, `Packing ${what}`, () => pack(dir, options), { usually: '5 s' }),
    { what, progress, signal, needs: 1_200_000_000 },
  );
  const read = async (file: string) => (await readFile(join(target, file), 'utf8')).trim();
  const byDigest = async (image: string) => (await read(`${image}.names`)).split(' ')[1] ?? '';
  return {
    imagesDir: target,
    etcdVersion: await read('etcd.version'),
    pauseImage: PAUSE_IMAGE,
    etcdImage: await byDigest('etcd'),
    hyperkubeImage: await byDigest('hyperkube'),
  };
}

function names(kubernetesVersion: string, etcdVersion: string) {
  return {
    pauseImage: PAUSE_IMAGE,
    etcdImage: `lab.local/etcd:${etcdVersion}`,
    hyperkubeImage: `lab.local/hyperkube:${kubernetesVersion}`,
  };
}

async function pack(
  dir: string,
  { debian, binDir, readyz, kubernetesVersion, signal }: ImagesOptions,
): Promise<void> {
  const etcdVersion = await packagedEtcdVersion(debian, signal);
  const image = names(kubernetesVersion, etcdVersion);
  const rootfs = join(dir, 'rootfs');
  const work = join(dir, 'work');
  const build = async (name: string, file: string, fill: () => Promise<void>, entrypoint?: string) => {
    await mkdir(rootfs, { recursive: true });
    await fill();
    const start = entrypoint ? { entrypoint: [entrypoint] } : { cmd: ['/bin/sh'] };
    const out = join(dir, `${file}.tar`);
    const digest = await packImage({ name, rootfs, work, out, signal, ...start });
    const byDigest = `${name.replace(/:[^/]*$/, '')}@${digest}`;
    await writeFile(join(dir, `${file}.names`), `${name} ${byDigest}\n`);
    await rm(rootfs, { recursive: true });
  };
  await build(image.pauseImage, 'pause', () => cp(join(binDir, 'pause'), join(rootfs, 'pause')), '/pause');
  await build(image.hyperkubeImage, 'hyperkube', async () => {
    await addBusybox(debian, rootfs, signal);
    for (const name of CONTROL_PLANE) await cp(join(binDir, name), join(rootfs, 'usr/bin', name));
  });
  await build(image.etcdImage, 'etcd', async () => {
    await addBusybox(debian, rootfs, signal);
    for (const name of ETCD) await addWithLibraries(debian, `/usr/bin/${name}`, rootfs, signal);
    await cp(readyz, join(rootfs, 'usr/bin/etcd-readyz'));
  });
  await writeFile(join(dir, 'etcd.version'), `${etcdVersion}\n`);
}

/** "3.5.16-4" -> "3.5.16": what etcd calls itself, without Debian's part. */
async function packagedEtcdVersion(debian: string, signal?: AbortSignal): Promise<string> {
  const query = ['chroot', debian, 'dpkg-query', '--show', '--showformat=${Version}', 'etcd-server'];
  const { stdout } = await mustRun(query, { signal });
  return stdout.replace(/[-+~].*$/, '');
}

/** A shell and the usual commands, so that pods can run scripts and a person can look around in them. */
async function addBusybox(debian: string, rootfs: string, signal?: AbortSignal): Promise<void> {
  for (const dir of ['bin', 'etc', 'tmp', 'root', 'usr/bin'])
    await mkdir(join(rootfs, dir), { recursive: true });
  await cp(join(debian, 'usr/bin/busybox'), join(rootfs, 'bin/busybox'));
  const { stdout } = await mustRun(['chroot', debian, 'busybox', '--list'], { signal });
  for (const applet of stdout.trim().split('\n')) {
    if (applet !== 'busybox') await symlink('busybox', join(rootfs, 'bin', applet));
  }
  await writeFile(join(rootfs, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  await writeFile(join(rootfs, 'etc/group'), 'root:x:0:\n');
}

/** Debian links etcd dynamically: its libraries and loader come along. */
async function addWithLibraries(
  debian: string,
  path: string,
  rootfs: string,
  signal?: AbortSignal,
): Promise<void> {
  const { stdout } = await mustRun(['chroot', debian, 'ldd', path], { signal });
  for (const file of [path, ...(stdout.match(/\/\S+/g) ?? [])]) {
    await mkdir(dirname(join(rootfs, file)), { recursive: true });
    await cp(join(debian, file), join(rootfs, file), { dereference: true });
  }
}
