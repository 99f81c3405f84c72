import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A worker in a process of its own, to be killed as the world kills it. */
export interface WorkerProcess {
  pid: number;
  /** Its exit code, when it has ended; null when a signal ended it. */
  ended: Promise<number | null>;
  /** Every line it has logged so far, parsed. */
  lines: LogLine[];
  /** Resolves with the first line, past or future, for which `matches` holds; rejects when the process ends first. */
  untilLogged(matches: (line: LogLine) => boolean): Promise<LogLine>;
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

export interface LogLine {
  level?: string;
  msg?: string;
  [key: string]: unknown;
}

export interface SpawnWorkerOptions {
  /** A `.ts` file; absent: the product's own worker. */
  entry?: string;
  args?: string[];
  env?: NodeJS.ProcessEnv;
}

const productEntry = new URL('../../../worker/main.ts', import.meta.url).pathname;

/** Starts a worker and returns when it says "worker ready". What it writes to stderr is shown when it ends early. */
export async function spawnWorker(options: SpawnWorkerOptions): Promise<WorkerProcess> {
  const worker = launch(options);
  await worker.untilLogged(({ msg }) => msg === 'worker ready');
  return worker;
}

/** The same without waiting: for tests of a worker that cannot start. */
export function launch({ entry = productEntry, args = [], env = {} }: SpawnWorkerOptions): WorkerProcess {
  const child = spawn(process.execPath, [entry, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const lines: LogLine[] = [];
  const listeners = new Set<(line: LogLine) => void>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = parse(text);
    lines.push(line);
    for (const listener of listeners) listener(line);
  });
  const stderr = collect(child);
  return {
    pid: child.pid ?? 0,
    lines,
    ended,
    untilLogged(matches) {
      const past = lines.find(matches);
      if (past !== undefined) return Promise.resolve(past);
      return new Promise((resolve, reject) => {
        listeners.add((line) => {
          if (matches(line)) resolve(line);
        });
        void ended.then((code) => {
          const logged = lines.map((line) => JSON.stringify(line)).join('\n');
          reject(new Error(`the worker ended with exit code ${code}:\n${logged}\n${stderr()}`));
        });
      });
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

function parse(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { msg: text };
  }
}

function collect(child: ChildProcess): () => string {
  const chunks: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}
