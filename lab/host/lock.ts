import { createHash } from 'node:crypto';
import { connect, createServer, type Server } from 'node:net';
import type { Progress } from './progress.ts';

export interface LockOptions {
  /** What the holder does, for the one who waits: "kubelet". */
  what: string;
  progress: Progress;
  signal?: AbortSignal | undefined;
}

/**
 * Runs `work` while no other process on this machine holds the lock `name` (any string; for cached things their
 * path). Who comes second says whom it waits for, and goes on the moment the first ends, in whatever way.
 *
 * The lock is a listening socket in the kernel's abstract namespace. A file with a pid in it survives `kill -9` of
 * its owner, and every way of taking such a file over has a moment in which two can take it; a socket dies with its
 * process. Other systems than Linux have no such sockets; nothing there builds anything that two builders could spoil.
 */
export async function withLock<T>(name: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  if (process.platform !== 'linux') return work();
  const server = await acquire(`\0control-plane-recovery/${digest(name)}`, options);
  try {
    return await work();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

async function acquire(address: string, options: LockOptions): Promise<Server> {
  for (let told = false; ; told = true) {
    options.signal?.throwIfAborted();
    const server = await listen(address, options.what);
    if (server) return server;
    const waiting = waitForEnd(address, options.signal, (holder) => {
      if (!told) options.progress.say(`Process ${holder} is at it already; waiting for it to finish.`);
    });
    await waiting;
  }
}

/** The listening server, or undefined when somebody else listens. Its greeting tells a waiting process who it is. */
function listen(address: string, what: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const waiting = new Set<{ destroy(): void }>();
    const server = createServer((socket) => {
      waiting.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => waiting.delete(socket));
      socket.write(`${process.pid} (${what})`);
    });
    server.on('close', () => {});
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    const close = server.close.bind(server);
    // Whoever waits is told by the end of its connection, and close() would wait for that end.
    server.close = (done) => {
      const closing = close(done);
      waiting.forEach((socket) => socket.destroy());
      return closing;
    };
    server.listen(address, () => resolve(server));
  });
}

/** Resolves when the holder has gone, or was gone already. */
function waitForEnd(
  address: string,
  signal: AbortSignal | undefined,
  onHolder: (holder: string) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const onAbort = () => socket.destroy();
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.setEncoding('utf8');
    socket.on('data', onHolder);
    socket.on('error', () => {});
    socket.on('close', () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
  });
}

function digest(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 32);
}
