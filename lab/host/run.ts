import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export interface RunOptions {
  /** Written to the command's standard input, which is closed otherwise. */
  input?: string | Uint8Array;
  /** Milliseconds after which the command and everything it started are killed. */
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
  cwd?: string;
  /** Added to this process's environment. */
  env?: NodeJS.ProcessEnv;
  /** Kill the command also when this process dies by `kill -9` (Linux): for what would work on for minutes unseen. */
  dieWithUs?: boolean;
  /** Called with each line as it comes. */
  onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
}

export interface RunResult {
  /** Exit code; -1 for a command that a signal ended (see `killedBy`). */
  code: number;
  stdout: string;
  stderr: string;
  killedBy?: NodeJS.Signals;
}

/** Of util-linux; part of every Debian. */
const SETPRIV = '/usr/bin/setpriv';
const STDERR_LINES_IN_ERROR = 8;

/** Process groups that still run. A command outlives its starter otherwise, since it leads a group of its own. */
const running = new Set<number>();
process.on('exit', () => running.forEach((pid) => killGroup(pid, 'SIGKILL')));

/**
 * Runs a command to its end. Does not throw for an exit code; throws when the command cannot be started, was cut
 * by `timeoutMs`, or when `signal` aborts (with the signal's reason, after the whole process group is dead).
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [command, ...args] = options.dieWithUs ? leashed(argv) : argv;
  if (command === undefined) throw new Error('run: no command given');
  options.signal?.throwIfAborted();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    // A group of its own, so that a compiler's or a shell's children die with it.
    detached: true,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const cut = cutter(child, options);
  try {
    return await finished(child, argv, options, cut.reason);
  } finally {
    cut.stop();
  }
}

/** Like `run`, but a non-zero exit code is an error that shows the command, the code and the last lines of stderr. */
export async function mustRun(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const result = await run(argv, options);
  if (result.code !== 0) throw commandError(argv, result);
  return result;
}

function leashed(argv: readonly string[]): readonly string[] {
  return existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', '--', ...argv] : argv;
}

function commandError(argv: readonly string[], result: RunResult): Error {
  const said = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-STDERR_LINES_IN_ERROR);
  const how = result.killedBy ? `was killed by ${result.killedBy}` : `ended with exit code ${result.code}`;
  return new Error(
    [`${shorten(argv.join(' '))} ${how}`, ...said.map((line) => `    ${line}`)].join('\n').trimEnd(),
  );
}

function shorten(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`;
}

/** Kills the group on abort or timeout, politely first: an installer that is cut off hard leaves locks behind. */
function cutter(
  child: ChildProcess,
  options: RunOptions,
): { reason: () => Error | undefined; stop: () => void } {
  let reason: Error | undefined;
  const timers: NodeJS.Timeout[] = [];
  const cut = (why: Error) => {
    reason ??= why;
    if (child.pid === undefined) return;
    const pid = child.pid;
    killGroup(pid, 'SIGTERM');
    timers.push(setTimeout(() => killGroup(pid, 'SIGKILL'), 2000));
  };
  const onAbort = () => cut(asError(options.signal?.reason));
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.timeoutMs !== undefined) {
    const seconds = options.timeoutMs / 1000;
    const why = new Error(`${shorten(child.spawnargs.join(' '))} was cut after ${seconds} s`);
    timers.push(setTimeout(() => cut(why), options.timeoutMs));
  }
  return {
    reason: () => reason,
    stop: () => {
      timers.forEach(clearTimeout);
      options.signal?.removeEventListener('abort', onAbort);
    },
  };
}

function finished(
  child: ChildProcess,
  argv: readonly string[],
  options: RunOptions,
  cutBy: () => Error | undefined,
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const { pid } = child;
    if (pid !== undefined) running.add(pid);
    const stdout = collect(child.stdout, 'stdout', options.onLine);
    const stderr = collect(child.stderr, 'stderr', options.onLine);
    child.on('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'ENOENT' && !options.cwd ? 'is not installed' : `cannot be started: ${error.message}`;
      reject(new Error(`${argv[0]} ${why}`, { cause: error }));
    });
    child.on('close', (code, killedBy) => {
      if (pid !== undefined) running.delete(pid);
      const cut = cutBy();
      if (cut) return reject(cut);
      const result = { code: code ?? -1, stdout: stdout(), stderr: stderr() };
      resolve(killedBy ? { ...result, killedBy } : result);
    });
    // A command that ends without reading its input is judged by its exit code, not by our broken pipe.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input);
  });
}

function collect(
  stream: Readable | null,
  name: 'stdout' | 'stderr',
  onLine: RunOptions['onLine'],
): () => string {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  if (stream && onLine) createInterface({ input: stream }).on('line', (line) => onLine(line, name));
  return () => Buffer.concat(chunks).toString('utf8');
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted');
}
