import { Exec, KubeConfig, type V1Status } from '@kubernetes/client-node';
import { PassThrough, Writable } from 'node:stream';
import { sentenceOf } from '../failure.ts';
import type { CommandEnd, CommandLimits } from './bounded-command.ts';

export interface ExecPlace {
  kubeconfig: string;
  context?: string;
  /** Instead of the kubeconfig's own server. */
  through?: { server: string; tlsServerName: string } | undefined;
  namespace: string;
  pod: string;
  container: string;
  command: readonly string[];
}

const STDERR_BYTES = 8 * 1024;
/** As ssh's own exit code: the command was not begun, or the connection was lost. */
const LOST = 255;

/** What of a WebSocket (of `ws`) is used here. */
interface Socket {
  pause(): void;
  resume(): void;
  close(): void;
  addEventListener(type: 'close' | 'error', listener: () => void): void;
}

/** Runs a command in a pod as `runBounded` runs one here: the same limits, the same end. */
export async function execBounded(
  place: ExecPlace,
  input: string,
  limits: CommandLimits,
): Promise<CommandEnd> {
  limits.signal?.throwIfAborted();
  const talk = createTalk(limits);
  const { namespace, pod, container, command } = place;
  // The script ends by itself: that its input goes on is of no matter, and only the newest protocol could say that it ends.
  const stdin = new PassThrough();
  stdin.write(input);
  const exec = new Exec(configOf(place));
  const [stdout, stderr] = [sink((chunk) => talk.hear(chunk)), sink((chunk) => talk.hearError(chunk))];
  exec
    .exec(namespace, pod, container, [...command], stdout, stderr, stdin, false, (status) => talk.end(status))
    .then(
      (socket) => talk.begin(socket as Socket),
      (error: unknown) => talk.lose(reasonOf(error)),
    );
  return await talk.ended.finally(() => stdin.destroy());
}

function sink(take: (chunk: Buffer) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      take(chunk);
      done();
    },
  });
}

interface Talk {
  ended: Promise<CommandEnd>;
  begin(socket: Socket): void;
  hear(chunk: Buffer): void;
  hearError(chunk: Buffer): void;
  /** The last word of an exec. */
  end(status: V1Status): void;
  lose(why: string): void;
}

function createTalk(limits: CommandLimits): Talk {
  const { promise: ended, resolve, reject } = Promise.withResolvers<CommandEnd>();
  const said: Buffer[] = [];
  let errors = '';
  let bytes = 0;
  let socket: Socket | undefined;
  let isOver = false;
  let taking = Promise.resolve();
  const finish = (end: () => void) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    clearTimeout(silent);
    limits.signal?.removeEventListener('abort', onAbort);
    socket?.close();
    end();
  };
  const endWith = (code: number | undefined, more: { cut?: string; why?: string } = {}) => {
    const all = `${errors}${more.why ?? ''}`.slice(-STDERR_BYTES);
    const end = { code, stdout: Buffer.concat(said).toString('utf8'), stderr: all };
    finish(() => resolve(more.cut === undefined ? end : { ...end, cut: more.cut }));
  };
  const cut = (why: string) => endWith(undefined, { cut: why });
  const fail = (error: unknown) =>
    finish(() => reject(error instanceof Error ? error : new Error(String(error))));
  const onAbort = () => fail(limits.signal?.reason);
  const timer = setTimeout(cut, limits.timeoutMs, `no end within ${limits.timeoutMs / 1000} s`);
  const silence = limits.silentMs ?? limits.timeoutMs;
  const silent = setTimeout(cut, silence, `no sign of life within ${silence / 1000} s`);
  limits.signal?.addEventListener('abort', onAbort, { once: true });

  /** What is taken piece by piece is taken in its order, and no more is read meanwhile. */
  function take(data: Buffer): void {
    const { take: taker } = limits;
    if (!taker) return void said.push(data);
    socket?.pause();
    taking = taking.then(() => (isOver ? undefined : taker(data)));
    taking.then(() => socket?.resume(), fail);
  }

  return {
    ended,
    begin(opened) {
      socket = opened;
      opened.addEventListener(
        'close',
        () => void taking.then(() => endWith(LOST, { why: '\nthe connection to the pod was lost' }), fail),
      );
      // Its close says that it is over.
      opened.addEventListener('error', () => {});
      if (isOver) opened.close();
    },
    hear(chunk) {
      clearTimeout(silent);
      bytes += chunk.length;
      if (bytes > limits.stdoutBytes) cut(`more than ${limits.stdoutBytes} bytes of output`);
      else if (chunk.length > 0) take(chunk);
    },
    hearError(chunk) {
      errors = (errors + chunk.toString('utf8')).slice(-STDERR_BYTES);
    },
    end(status) {
      const { code, why } = endOf(status);
      void taking.then(() => endWith(code, { why }), fail);
    },
    lose: (why) => endWith(LOST, { why }),
  };
}

/** Done, an exit code, or why it could not be. */
function endOf({ status, message, details }: V1Status): { code: number; why: string } {
  if (status === 'Success') return { code: 0, why: '' };
  const code = Number(details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message);
  return Number.isInteger(code)
    ? { code, why: '' }
    : { code: LOST, why: `\n${message ?? 'no reason given'}` };
}

function configOf({ kubeconfig, context, through }: ExecPlace): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  if (context !== undefined) config.setCurrentContext(context);
  const current = config.getCurrentCluster();
  if (!through || !current) return config;
  const clusters = config.clusters.map((one) => (one.name === current.name ? { ...one, ...through } : one));
  const { users, contexts, currentContext } = config;
  config.loadFromOptions({ clusters, users, contexts, currentContext });
  return config;
}

/** Of a WebSocket's error event, or any error. */
function reasonOf(error: unknown): string {
  const { message } = error as { message?: unknown };
  return typeof message === 'string' && message !== '' ? sentenceOf(new Error(message)) : 'no connection';
}
