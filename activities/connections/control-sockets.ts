import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A unix socket's path has at most 107 bytes; ssh needs 40 for its hash and 17 for a temporary name. */
const LONGEST_DIRECTORY = 107 - 40 - 17 - 2 - '99-'.length;

/**
 * Where ssh keeps its shared connections: a private directory of this process, gone when it ends. One connection for
 * all scripts on a node makes the second one ten times as fast as the first.
 */
export interface ControlSockets {
  /** For ssh's `ControlPath`; it replaces `%C` itself. */
  pathFor(node: string): string;
  /** A connection over which a call hung is not used again: the next call dials anew. */
  discard(node: string): void;
  remove(): void;
}

export function createControlSockets(): ControlSockets {
  const directory = makeDirectory();
  const generations = new Map<string, number>();
  const remove = () => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  return {
    pathFor: (node) => join(directory, `${generations.get(node) ?? 0}-%C`),
    discard: (node) => generations.set(node, ((generations.get(node) ?? 0) + 1) % 100),
    remove: () => {
      process.off('exit', remove);
      remove();
    },
  };
}

function makeDirectory(): string {
  const runtime = process.env['XDG_RUNTIME_DIR'];
  for (const parent of [runtime, tmpdir(), '/tmp']) {
    if (parent === undefined || parent.length + '/cpr-XXXXXX'.length > LONGEST_DIRECTORY) continue;
    try {
      return mkdtempSync(join(parent, 'cpr-'));
    } catch {
      // Not there or not ours: the next one.
    }
  }
  throw new Error('no writable directory with a short path for ssh control sockets: set XDG_RUNTIME_DIR');
}
