import { createRequire } from 'node:module';
import { access, constants, mkdir, readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { ensureTemporal } from '../binaries/ensure.ts';
import { cacheDir } from '../host/cache.ts';
import type { Progress } from '../host/progress.ts';
import { run } from '../host/run.ts';

/** The oldest server whose updates, update-with-start and summaries the runbooks rest on. */
const oldestServer = [1, 28] as const;
const downloadTimeoutMs = 180_000;
const probeTimeoutMs = 3_000;

export interface ResolveOptions {
  progress: Progress;
  /** The last resort: builds the command from its Go module, once. */
  build?: typeof ensureTemporal;
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
}

/**
 * The `temporal` command: `TEMPORAL_CLI_PATH`, else on the PATH, else what the SDK downloads, else built from source.
 * A named one that is unusable is an error; any other is passed over with a sentence that says why.
 */
export async function resolveTemporalBinary(options: ResolveOptions): Promise<string> {
  const { env = process.env, progress, signal } = options;
  if (env['TEMPORAL_CLI_PATH']) return named(env['TEMPORAL_CLI_PATH'], signal);
  for (const directory of (env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    const candidate = join(directory, 'temporal');
    if (!(await isExecutable(candidate))) continue;
    const problem = await unusable(candidate, signal);
    if (problem === undefined) return candidate;
    progress.say(`Passing over ${candidate}: ${problem}.`);
  }
  return (await downloaded(options)) ?? (options.build ?? ensureTemporal)({ progress, signal });
}

async function named(path: string, signal?: AbortSignal): Promise<string> {
  const problem = (await isExecutable(path)) ? await unusable(path, signal) : 'it is not an executable file';
  if (problem === undefined) return path;
  throw new Error(`TEMPORAL_CLI_PATH=${path} cannot be used: ${problem}. Correct it or unset it.`);
}

/** Why a command cannot serve; undefined when it can. */
async function unusable(path: string, signal?: AbortSignal): Promise<string | undefined> {
  const { code, stdout } = await run([path, '--version'], { timeoutMs: 30_000, signal }).catch((error) => {
    signal?.throwIfAborted();
    return { code: -1, stdout: String(error) };
  });
  const version = /Server (\d+)\.(\d+)/.exec(stdout);
  if (code !== 0 || version === null) return '`--version` does not answer as the temporal command does';
  const [major, minor] = [Number(version[1]), Number(version[2])];
  const isOld = major < oldestServer[0] || (major === oldestServer[0] && minor < oldestServer[1]);
  if (isOld) return `its server is ${major}.${minor}, at least ${oldestServer.join('.')} is needed`;
  return undefined;
}

/** The SDK's own download, kept by SDK version; undefined where there is no way to the download site. */
async function downloaded({
  progress,
  env = process.env,
  signal,
}: ResolveOptions): Promise<string | undefined> {
  const directory = join(cacheDir(env), 'temporal', `sdk-${sdkVersion()}`);
  const kept = await executableIn(directory);
  if (kept !== undefined && (await unusable(kept, signal)) === undefined) return kept;
  if (!env['HTTPS_PROXY'] && !env['https_proxy'] && !(await reachable('temporal.download', 443)))
    return undefined;
  const step = progress.step('Downloading the temporal command', { usually: '20 s' });
  await mkdir(directory, { recursive: true });
  const script = join(import.meta.dirname, 'sdk-download.ts');
  const { code } = await run([process.execPath, script, directory], {
    timeoutMs: downloadTimeoutMs,
    signal,
  }).catch((error: Error) => {
    step.fail();
    signal?.throwIfAborted();
    progress.say(error.message);
    return { code: -1 };
  });
  const binary = code === 0 ? await executableIn(directory) : undefined;
  if (binary === undefined) step.fail('The temporal command cannot be downloaded here');
  else step.done();
  return binary;
}

async function executableIn(directory: string): Promise<string | undefined> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    if (await isExecutable(join(directory, name))) return join(directory, name);
  }
  return undefined;
}

/** Offline, or behind a firewall that answers nothing, the download would only hang: ask the network first. */
function reachable(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: probeTimeoutMs });
    const answer = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => answer(true));
    socket.once('timeout', () => answer(false));
    socket.once('error', () => answer(false));
  });
}

function sdkVersion(): string {
  const { version } = createRequire(import.meta.url)('@temporalio/testing/package.json') as {
    version: string;
  };
  return version;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
