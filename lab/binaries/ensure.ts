import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce, cacheDir, exists, keyOf } from '../host/cache.ts';
import { during, type Progress } from '../host/progress.ts';
import { requireGo } from '../host/requirements.ts';
import { buildFlags, goBuild, goEnvironment, requiredVersion, type GoBuild } from './go.ts';

export interface Binaries {
  /** Directory that holds every binary of this version. */
  dir: string;
  /** "v1.34.4". */
  kubernetesVersion: string;
}

interface BuildOptions {
  progress: Progress;
  signal?: AbortSignal | undefined;
}

interface Target {
  name: string;
  package: string;
  /** How long it takes when the ones before it are built, on an idle machine with two cores. */
  usually: string;
}

const KUBERNETES_MODULE = join(import.meta.dirname, 'kubernetes');
const READYZ_MODULE = join(import.meta.dirname, 'readyz');
const TEMPORAL_MODULE = join(import.meta.dirname, 'temporal');
const TEMPORAL_PACKAGE = 'github.com/temporalio/cli/cmd/temporal';
/** Measured: modules with their sources, unpacked, and the downloaded archives of them. */
const KUBERNETES_MODULE_BYTES = 700_000_000;
const TEMPORAL_MODULE_BYTES = 1_900_000_000;

/** In this order: the first compiles most of what the others share. */
const KUBERNETES: readonly Target[] = [
  { name: 'kube-apiserver', package: 'k8s.io/kubernetes/cmd/kube-apiserver', usually: '5 min on 2 cores' },
  { name: 'kube-controller-manager', package: 'k8s.io/kubernetes/cmd/kube-controller-manager', usually: '90 s on 2 cores' },
  { name: 'kubelet', package: 'k8s.io/kubernetes/cmd/kubelet', usually: '30 s on 2 cores' },
  { name: 'kubectl', package: 'k8s.io/kubernetes/cmd/kubectl', usually: '40 s on 2 cores' },
  { name: 'kube-scheduler', package: 'k8s.io/kubernetes/cmd/kube-scheduler', usually: '10 s' },
  { name: 'crictl', package: './crictl', usually: '3 s' },
  { name: 'pause', package: './pause', usually: '2 s' },
];

/**
 * Builds the Kubernetes binaries that are missing and returns where they are. Each lands on its own, complete or not
 * at all, so an interrupted build goes on where it stopped.
 */
export async function ensureBinaries({ progress, signal }: BuildOptions): Promise<Binaries> {
  await requireGoForMissingBinaries();
  const { kubernetesVersion, dir, variables } = await describeKubernetes();
  const kubernetes = {
    module: KUBERNETES_MODULE,
    variables,
    mainModule: `k8s.io/kubernetes@${kubernetesVersion}`,
    moduleBytes: KUBERNETES_MODULE_BYTES,
  };
  for (const [index, target] of KUBERNETES.entries()) {
    const build = { ...kubernetes, package: target.package };
    const title = `Building ${target.name} ${kubernetesVersion} (${index + 1} of ${KUBERNETES.length})`;
    await ensureBinary(join(dir, target.name), title, build, target.usually, { progress, signal });
  }
  return { dir, kubernetesVersion };
}

/** Builds the `temporal` command, server and Web UI included, when it is missing; returns its path. */
export async function ensureTemporal({ progress, signal }: BuildOptions): Promise<string> {
  const goMod = await readFile(join(TEMPORAL_MODULE, 'go.mod'), 'utf8');
  const version = requiredVersion(goMod, 'github.com/temporalio/cli');
  const flags = buildFlags({}).join(' ');
  const key = keyOf(goMod, await readFile(join(TEMPORAL_MODULE, 'go.sum')), flags);
  const target = join(cacheDir(), 'bin', `temporal-${version}-${key}`, 'temporal');
  const build = {
    module: TEMPORAL_MODULE,
    package: TEMPORAL_PACKAGE,
    variables: {},
    mainModule: `github.com/temporalio/cli@${version}`,
    moduleBytes: TEMPORAL_MODULE_BYTES,
  };
  if (!(await exists(target))) await requireGo({ what: 'the Temporal server', goMod, env: goEnvironment() });
  const title = `Building the Temporal server ${version}`;
  return ensureBinary(target, title, build, '5 min on 2 cores', { progress, signal });
}

/** Builds what answers for etcd on 9980, from the standard library alone; returns its path. */
export async function ensureReadyz({ progress, signal }: BuildOptions): Promise<string> {
  const goMod = await readFile(join(READYZ_MODULE, 'go.mod'), 'utf8');
  const key = keyOf(goMod, await readFile(join(READYZ_MODULE, 'main.go')), ...buildFlags({}));
  const target = join(cacheDir(), 'bin', `readyz-${key}`, 'etcd-readyz');
  if (!(await exists(target))) await requireGo({ what: 'etcd-readyz', goMod, env: goEnvironment() });
  const build = { module: READYZ_MODULE, package: '.', variables: {}, mainModule: '.', moduleBytes: 0 };
  return ensureBinary(target, 'Building etcd-readyz', build, '3 s', { progress, signal });
}

/** Throws a sentence now, before anything long begins, when the binaries must be built and no fitting Go is there. */
export async function requireGoForMissingBinaries(): Promise<void> {
  const { dir, goMod } = await describeKubernetes();
  const present = await Promise.all(KUBERNETES.map(({ name }) => exists(join(dir, name))));
  if (!present.includes(false)) return;
  await requireGo({ what: "the lab's Kubernetes", goMod, env: goEnvironment() });
}

async function ensureBinary(
  target: string,
  title: string,
  build: GoBuild,
  usually: string,
  { progress, signal }: BuildOptions,
): Promise<string> {
  if (await exists(target)) return target;
  const work = (out: string) =>
    during(progress, title, (step) => goBuild(build, out, step, signal), { usually });
  return buildOnce(target, work, { what: title, progress, signal });
}

/** The key covers all that decides what a binary is: modules, flags and the sources of our own commands. */
async function describeKubernetes() {
  const goMod = await readKubernetes('go.mod');
  const kubernetesVersion = requiredVersion(goMod, 'k8s.io/kubernetes');
  const variables = versionVariables(kubernetesVersion);
  const sources = await Promise.all(['go.sum', 'crictl/main.go', 'pause/main.go'].map(readKubernetes));
  const key = keyOf(goMod, ...sources, ...buildFlags(variables));
  const dir = join(cacheDir(), 'bin', `kubernetes-${kubernetesVersion}-${key}`);
  return { kubernetesVersion, goMod, variables, dir };
}

/** What `--version` and /version answer. Commit and date are those of nobody: a module carries neither. */
export function versionVariables(version: string): Record<string, string> {
  const [major = '', minor = ''] = version.replace(/^v/, '').split('.');
  const values = {
    gitVersion: version,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'clean',
    gitCommit: '0'.repeat(40),
    buildDate: '1970-01-01T00:00:00Z',
  };
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  return Object.fromEntries(
    packages.flatMap((pkg) => Object.entries(values).map(([name, value]) => [`${pkg}.${name}`, value])),
  );
}

function readKubernetes(path: string): Promise<string> {
  return readFile(join(KUBERNETES_MODULE, path), 'utf8');
}
