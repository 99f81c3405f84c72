import { chmod, cp, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, matchesGlob } from 'node:path';
import { buildOnce, cacheDir, keyOf } from '../host/cache.ts';
import { during, type Progress, type Step } from '../host/progress.ts';
import { mustRun } from '../host/run.ts';
import { privateApt } from './apt.ts';
import * as recipe from './recipe.ts';

/** Binaries of ours that every node has in /usr/local/bin. */
const NODE_BINARIES = ['kubelet', 'kubectl', 'crictl'];
const DEBIAN_BYTES = 1_200_000_000;

interface RootOptions {
  progress: Progress;
  signal?: AbortSignal | undefined;
}

/** The Debian half of the base, without our binaries: a new Kubernetes does not download Debian again. */
export async function ensureDebian({ progress, signal }: RootOptions): Promise<string> {
  const target = join(cacheDir(), 'debian', `${recipe.SUITE}-${keyOf(JSON.stringify(recipe))}`);
  const what = `the nodes' Debian ${recipe.SUITE} root`;
  return buildOnce(
    target,
    (root) =>
      during(progress, `Building ${what}`, (step) => buildDebian(root, step, signal), { usually: '1 min' }),
    { what, progress, signal, needs: DEBIAN_BYTES },
  );
}

/** The base: Debian plus kubelet, kubectl and crictl from `binDir`. Unchanged files are hard links to the Debian root. */
export async function ensureBase(
  debian: string,
  binDir: string,
  { progress, signal }: RootOptions,
): Promise<string> {
  const target = join(cacheDir(), 'base', `${recipe.SUITE}-${keyOf(debian, basename(binDir))}`);
  const build = async (root: string) => {
    await mustRun(['cp', '--archive', '--link', debian, root], { signal });
    for (const name of NODE_BINARIES) await cp(join(binDir, name), join(root, 'usr/local/bin', name));
  };
  const what = "the nodes' root with kubelet and tools";
  return buildOnce(target, (root) => during(progress, `Assembling ${what}`, () => build(root)), {
    what,
    progress,
    signal,
    needs: 300_000_000,
  });
}

async function buildDebian(root: string, step: Step, signal?: AbortSignal): Promise<void> {
  // Next to the root, so that a builder that dies leaves it where the next one cleans up.
  const work = `${root}.work`;
  try {
    step.update('reading the package lists');
    const apt = await privateApt(join(work, 'apt'), recipe.SUITE, signal);
    step.update('fetching mmdebstrap');
    await apt.extract(join(work, 'tools'), ['mmdebstrap']);
    await mmdebstrap(root, work, apt.sources, step, signal);
    step.update('configuring');
    await configure(root, signal);
  } catch (error) {
    throw explained(error);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function mmdebstrap(
  root: string,
  work: string,
  sources: string,
  step: Step,
  signal?: AbortSignal,
): Promise<void> {
  const tools = join(work, 'tools', 'usr', 'bin');
  const exclude = recipe.EXCLUDED.map((path) => `--dpkgopt=path-exclude=${path}`);
  // In namespaces of its own, which die with this process: what it mounts in the root (/dev, /proc) can never be left
  // behind on the host, where deleting an interrupted root would then delete the host's own files.
  const contained = 'unshare --mount --pid --fork --kill-child --mount-proc'.split(' ');
  const command = [
    join(tools, 'mmdebstrap'),
    '--mode=root',
    '--variant=minbase',
    '--skip=check/qemu',
    '--verbose',
  ];
  const wanted = [`--include=${recipe.PACKAGES.join(',')}`, ...exclude];
  await mustRun([...contained, ...command, ...wanted, recipe.SUITE, root, sources], {
    dieWithUs: true,
    env: { TMPDIR: work, PATH: `${tools}:${process.env['PATH']}` },
    signal,
    onLine: (line) => {
      const doing = packageProgress(line);
      if (doing) step.update(doing);
    },
  });
}

/** What dpkg and apt print, in a few words; undefined for the lines that say nothing about how far it is. */
export function packageProgress(line: string): string | undefined {
  const downloading = /^Get:(\d+) \S+ \S+ \S+ (\S+) /.exec(line);
  if (downloading) return `downloading package ${downloading[1]}: ${downloading[2]}`;
  const unpacking = /^(Unpacking|Setting up) (\S+?)(:\S+)? /.exec(line);
  return unpacking
    ? `${unpacking[1] === 'Unpacking' ? 'unpacking' : 'setting up'} ${unpacking[2]}`
    : undefined;
}

async function configure(root: string, signal?: AbortSignal): Promise<void> {
  await mustRun(['chroot', root, 'useradd', '--create-home', '--shell', '/bin/bash', recipe.LOGIN_USER], {
    signal,
  });
  // No password; "*" and not "!", since sshd takes the latter for a locked account.
  await mustRun(['chroot', root, 'usermod', '--password', '*', recipe.LOGIN_USER], { signal });
  for (const pattern of recipe.REMOVED) await removeMatching(root, pattern);
  for (const dir of recipe.DIRECTORIES) await mkdir(join(root, dir), { recursive: true });
  for (const [path, { content, mode }] of Object.entries(recipe.FILES)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
    await chmod(join(root, path), mode ?? 0o644);
  }
  for (const [path, to] of Object.entries(recipe.LINKS)) {
    await rm(join(root, path), { force: true });
    await symlink(to, join(root, path));
  }
}

async function removeMatching(root: string, pattern: string): Promise<void> {
  const dir = join(root, dirname(pattern));
  const names = await readdir(dir).catch(() => []);
  for (const name of names)
    if (matchesGlob(name, basename(pattern))) await rm(join(dir, name), { force: true });
}

/** Adds the remedy to the failures that people meet. */
function explained(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (/NO_PUBKEY|not signed/.test(error.message)) {
    return new Error(
      `${error.message}\nThis machine does not know the keys of Debian ${recipe.SUITE}: ` +
        'apt-get install debian-archive-keyring (a current one), then run the same command again.',
      { cause: error },
    );
  }
  if (/Could not resolve|Failed to fetch|Unable to connect|Temporary failure/.test(error.message)) {
    return new Error(
      `${error.message}\nThe Debian mirror could not be reached. It is taken from this machine's /etc/apt sources; ` +
        'check those and the network (or http_proxy), then run the same command again.',
      { cause: error },
    );
  }
  return error;
}
