import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A unix socket's path has at most 107 bytes; ssh needs 17 for a temporary name. */
const HASH_CHARACTERS = 24;
const LONGEST_DIRECTORY = 107 - HASH_CHARACTERS - 17 - '/99-'.length;
const PREFIX = 'cpr-ssh-';
const SOCKET = new RegExp(`^\\d{1,2}-[0-9a-f]{${HASH_CHARACTERS}}$`);
const CLOSE_MS = 1000;

/**
 * Where ssh keeps its shared connections: a private directory of this process, gone when it ends, and they with it. One
 * connection for all scripts on a node spares each of them the handshake and the login.
 */
export interface ControlSockets {
  /** For ssh's `ControlPath`. */
  pathFor(way: SshWay): string;
  /** A connection over which a call hung is not used again: the next call dials anew. */
  discard(way: SshWay): void;
  remove(): void;
}

/**
 * All that decides where a connection ends. ssh's own `%C` knows neither the cluster, nor the configuration file, nor the
 * jump host in it: two clusters with the same names and addresses behind different jump hosts would share a connection, and
 * a script for one would run on the other.
 */
export interface SshWay {
  cluster: string;
  node: string;
  address: string;
  user: string;
  /** The configuration file. */
  config?: string | undefined;
}

function keyOf({ cluster, node, address, user, config }: SshWay): string {
  const parts = JSON.stringify([cluster, node, address, user, config ?? null]);
  return createHash('sha256').update(parts).digest('hex').slice(0, HASH_CHARACTERS);
}

/** Directories of this process that are to go with it: one listener for all of them, since Node warns of more than ten. */
const inUse = new Set<string>();

function removeAll(): void {
  for (const directory of inUse) closeAndRemove(directory);
}

/** A shared connection outlives the process that opened it by minutes: it is told to end as long as it has a name. */
function closeAndRemove(directory: string): void {
  for (const name of readdirSync(directory).filter((entry) => SOCKET.test(entry))) {
    const path = `ControlPath=${join(directory, name)}`;
    // One that has ended already says so, and nobody needs to know.
    spawnSync('ssh', ['-F', 'none', '-O', 'exit', '-o', path, '--', 'any'], {
      stdio: 'ignore',
      timeout: CLOSE_MS,
    });
  }
  rmSync(directory, { recursive: true, force: true });
}

export function createControlSockets(parents = candidates()): ControlSockets {
  const directory = makeDirectory(parents);
  const generations = new Map<string, number>();
  if (inUse.size === 0) process.once('exit', removeAll);
  inUse.add(directory);
  return {
    pathFor(way) {
      const key = keyOf(way);
      return join(directory, `${generations.get(key) ?? 0}-${key}`);
    },
    discard(way) {
      const key = keyOf(way);
      generations.set(key, ((generations.get(key) ?? 0) + 1) % 100);
    },
    remove: () => {
      inUse.delete(directory);
      if (inUse.size === 0) process.off('exit', removeAll);
      closeAndRemove(directory);
    },
  };
}

function candidates(): string[] {
  const runtime = process.env['XDG_RUNTIME_DIR'];
  return [...(runtime ? [runtime] : []), tmpdir(), '/tmp'];
}

function makeDirectory(parents: string[]): string {
  for (const parent of parents) {
    const prefix = join(parent, `${PREFIX}${process.pid}-`);
    if (prefix.length + 'XXXXXX'.length > LONGEST_DIRECTORY) continue;
    try {
      sweep(parent);
      return mkdtempSync(prefix);
    } catch {
      // Not there or not ours: the next one.
    }
  }
  throw new Error(
    `no writable directory with a short path for ssh control sockets among ${parents.join(', ')}: set XDG_RUNTIME_DIR`,
  );
}

/** A worker that was killed could not tidy up after itself, nor end its connections. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const [, pid] = /^cpr-ssh-(\d+)-\w{6}$/.exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    try {
      closeAndRemove(join(parent, name));
    } catch {
      // Another user's.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
