import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

export interface CommandEnd {
  /** Exit code; undefined when a signal ended it. */
  code: number | undefined;
  stdout: string;
  /** The last of it. */
  stderr: string;
  /** Why we ended it ourselves: it took too long or said too much. */
  cut?: string;
}

export interface CommandLimits {
  timeoutMs: number;
  /** Nothing at all on standard output for so long: nobody is there. Absent: no such limit. */
  silentMs?: number;
  stdoutBytes: number;
  /** Gets standard output as it comes, instead of it being collected; no more is read while it works. What it throws ends the command. */
  take?: (chunk: Buffer) => Promise<void>;
  signal?: AbortSignal;
}

const STDERR_BYTES = 8 * 1024;

/**
 * Runs a command with a text on its standard input, and ends it with everything it started (jump hosts are processes of
 * their own) when it takes too long, says too much, or `signal` aborts: then it throws the signal's reason.
 */
export function runBounded(
  argv: readonly string[],
  input: string,
  limits: CommandLimits,
): Promise<CommandEnd> {
  const [command = '', ...args] = argv;
  limits.signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    let cut: string | undefined;
    const kill = (why?: string) => {
      cut ??= why;
      killGroup(child.pid);
    };
    const onAbort = () => kill();
    const timer = setTimeout(kill, limits.timeoutMs, `no end within ${limits.timeoutMs / 1000} s`);
    const silence = limits.silentMs ?? limits.timeoutMs;
    const silent = setTimeout(kill, silence, `no sign of life within ${silence / 1000} s`);
    const taker = takerOf(child.stdout, limits.take, kill);
    limits.signal?.addEventListener('abort', onAbort, { once: true });
    const stdout: Buffer[] = [];
    let said = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      clearTimeout(silent);
      said += chunk.length;
      if (said > limits.stdoutBytes) kill(`more than ${limits.stdoutBytes} bytes of output`);
      else if (limits.take) taker.hand(chunk);
      else stdout.push(chunk);
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString('utf8')).slice(-STDERR_BYTES);
    });
    // A command that ends without reading its input is judged by its exit code, not by our broken pipe.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const done = () => {
      clearTimeout(timer);
      clearTimeout(silent);
      limits.signal?.removeEventListener('abort', onAbort);
    };
    child.on('error', (error) => {
      done();
      reject(error);
    });
    child.on('close', (code) => {
      done();
      void taker.settled().then((refusal) => {
        if (limits.signal?.aborted) return reject(asError(limits.signal.reason));
        if (refusal !== undefined) return reject(asError(refusal));
        const end = { code: code ?? undefined, stdout: Buffer.concat(stdout).toString('utf8'), stderr };
        resolve(cut === undefined ? end : { ...end, cut });
      });
    });
  });
}

/** Hands on one chunk after the other. When a process ends, what is left of its output comes all at once, paused or not. */
function takerOf(stdout: Readable, take: CommandLimits['take'], kill: () => void) {
  let refusal: unknown;
  let taking = Promise.resolve();
  const takeOne = async (chunk: Buffer) => {
    if (refusal !== undefined) return;
    try {
      await take?.(chunk);
      stdout.resume();
    } catch (error) {
      refusal = error ?? new Error('refused');
      kill();
    }
  };
  return {
    hand(chunk: Buffer): void {
      stdout.pause();
      taking = taking.then(() => takeOne(chunk));
    },
    /** What `take` threw, once all is handed on. */
    settled: (): Promise<unknown> => taking.then(() => refusal),
  };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted');
}
