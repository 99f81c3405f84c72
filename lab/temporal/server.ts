import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { searchAttributeNames } from '../../domain/search-attributes.ts';
import { freePorts, isFree, loopback } from './ports.ts';
import { untilHealthy } from './health.ts';
import { portWasTaken, startFailure } from './server-log.ts';

const startTimeoutMs = 30_000;
const stopTimeoutMs = 5_000;
/** A free port can be taken by somebody else before the server has it. */
const attempts = 3;

export interface TemporalServerOptions {
  /** The `temporal` command, from `resolveTemporalBinary`. */
  binary: string;
  /** Runs live here; the server's log goes to the same name with `.log`. */
  dbFile: string;
  /** Absent: free ones. A port that is named must be free. */
  ports?: { grpc: number; ui: number };
  /** False only for tests: twice as fast, and a power cut may lose runs. */
  durable: boolean;
  /** Cuts the start short. A server that runs is ended by `stop()`: whoever uses it may have to say goodbye first. */
  signal?: AbortSignal | undefined;
}

export interface TemporalServer {
  /** `127.0.0.1:7233` */
  address: string;
  /** `http://127.0.0.1:8233` */
  uiUrl: string;
  pid: number;
  logFile: string;
  /** Resolves when the server has ended, for whatever reason; the sentence says how. */
  ended: Promise<string>;
  /** Ends the server; safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts a Temporal dev server with its Web UI on loopback and returns when it serves. It ends with `stop()`
 * or with this process, however that dies. Throws an Error that names the port or the last lines of the log.
 */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  await mkdir(dirname(options.dbFile), { recursive: true });
  if (options.ports !== undefined) await requireFree(options.ports);
  for (let attempt = 1; ; attempt++) {
    const [grpc = 0, ui = 0] = options.ports ? [options.ports.grpc, options.ports.ui] : await freePorts(2);
    const server = await launch(options, { grpc, ui });
    try {
      await untilItServes(server, options.signal);
      return server;
    } catch (error) {
      await server.stop();
      options.signal?.throwIfAborted();
      const again = options.ports === undefined && attempt < attempts;
      if (!again || !(await portWasTaken(server.logFile))) throw error;
    }
  }
}

async function untilItServes(server: TemporalServer, signal: AbortSignal | undefined): Promise<void> {
  const decided = new AbortController();
  const ended = server.ended.then(async (how) => {
    if (!decided.signal.aborted) throw new Error(await startFailure(server.logFile, how));
  });
  try {
    const given = AbortSignal.any([decided.signal, ...(signal ? [signal] : [])]);
    await Promise.race([untilHealthy(server, startTimeoutMs, given), ended]);
  } finally {
    decided.abort();
  }
}

async function launch(
  options: TemporalServerOptions,
  ports: { grpc: number; ui: number },
): Promise<TemporalServer> {
  options.signal?.throwIfAborted();
  const logFile = `${options.dbFile}.log`;
  const log = await open(logFile, 'w');
  // A session of its own: Ctrl-C in the terminal must reach the worker first, which still reports to this server.
  const child = spawn(
    'sh',
    [join(import.meta.dirname, 'while-starter-lives.sh'), ...command(options, ports)],
    {
      stdio: ['pipe', log.fd, log.fd],
      detached: true,
    },
  );
  await log.close();
  const ended = endOf(child);
  const pid = child.pid ?? 0;
  const stop = () => end(child, ended, options.durable);
  // Whoever forgets to stop the server may end all the same, and the server with it.
  child.unref();
  const address = `${loopback}:${ports.grpc}`;
  return { address, uiUrl: `http://${loopback}:${ports.ui}`, pid, logFile, ended, stop };
}

function command(options: TemporalServerOptions, ports: { grpc: number; ui: number }): string[] {
  const settings = [
    'frontend.enableServerVersionCheck=false',
    'system.forceSearchAttributesCacheRefreshOnRead=true',
  ];
  const pragmas = options.durable ? [] : ['journal_mode=WAL', 'synchronous=OFF'];
  const flags = {
    '--log-level': ['warn'],
    '--ip': [loopback],
    '--port': [String(ports.grpc)],
    '--ui-port': [String(ports.ui)],
    '--db-filename': [options.dbFile],
    '--search-attribute': searchAttributeNames.map((name) => `${name}=Keyword`),
    '--dynamic-config-value': settings,
    '--sqlite-pragma': pragmas,
  };
  const args = Object.entries(flags).flatMap(([flag, values]) => values.flatMap((value) => [flag, value]));
  return [options.binary, 'server', 'start-dev', ...args];
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`cannot be started: ${error.message}`));
    child.once('exit', (code, killedBy) => {
      // Lets the watcher in the wrapper see that there is nothing left to watch.
      child.stdin?.destroy();
      resolve(killedBy ? `was ended by ${killedBy}` : `ended with exit code ${code}`);
    });
    child.stdin?.on('error', () => {});
  });
}

/** A graceful end takes the server 2.3 s and saves nothing that its database does not hold: tests do without. */
async function end(child: ChildProcess, ended: Promise<string>, gracefully: boolean): Promise<void> {
  child.ref();
  if (gracefully) {
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(stopTimeoutMs, undefined, { ref: false })]);
  }
  child.kill('SIGKILL');
  await ended;
}

async function requireFree({ grpc, ui }: { grpc: number; ui: number }): Promise<void> {
  for (const [what, port] of [
    ['server', grpc],
    ['Web UI', ui],
  ] as const) {
    if (await isFree(port)) continue;
    throw new Error(
      `Port ${port} on ${loopback}, wanted for Temporal's ${what}, is taken. End what listens there, or leave the port to us.`,
    );
  }
}
