import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An instruction of a node script at which something is to happen to the worker that runs it. */
export interface Instruction {
  /** `restart-kubelet`. */
  script: string;
  /**
   * `before`: the connection is not made yet, so the script does not count. `begun`: it holds root's rights on the node and has done nothing yet; it goes on. `ended`: it has said its result,
   * and the worker has not read it.
   */
  when: 'before' | 'begun' | 'ended';
  /** Only after this script has ended: the same script may run more than once in a recovery. */
  after?: string;
  /** Only on the node with this address: a look runs the same script on every master, in no certain order. */
  address?: string;
}

/** An `ssh` that a worker finds first on its PATH, and that does what ssh does. */
export interface SshShim {
  directory: string;
  /** `kill -9` for the worker that comes to this instruction; once. */
  killAt(instruction: Instruction): void;
  /** The connection breaks at this instruction, once; the worker lives on. */
  cutAt(instruction: Instruction): void;
  /** Stops at this instruction, once, until `release`. */
  holdAt(instruction: Instruction): void;
  release(): void;
  /** Has the instruction been reached? */
  sprung(): boolean;
  remove(): void;
}

export function makeSshShim(): SshShim {
  const directory = mkdtempSync(join(tmpdir(), 'cpr-ssh-'));
  const file = (name: string) => join(directory, name);
  copyFileSync(join(import.meta.dirname, 'ssh-shim.sh'), file('ssh'));
  chmodSync(file('ssh'), 0o755);
  const set = (
    what: 'kill' | 'cut' | 'hold',
    { script: name, when, after = '-', address = '-' }: Instruction,
  ) => {
    for (const old of ['sprung', 'released']) rmSync(file(old), { force: true });
    writeFileSync(file('trap'), `${what} ${name} ${when} ${after} ${address}\n`);
  };
  return {
    directory,
    killAt: (instruction) => set('kill', instruction),
    cutAt: (instruction) => set('cut', instruction),
    holdAt: (instruction) => set('hold', instruction),
    release: () => writeFileSync(file('released'), ''),
    sprung: () => existsSync(file('sprung')),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
