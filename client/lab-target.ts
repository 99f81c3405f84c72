import type { Fault } from '../lab/faults/index.ts';
import { silentProgress, terminalProgress, type Progress } from '../lab/host/progress.ts';
import type { Lab } from '../lab/lab.ts';
import type { Context, Io } from './context.ts';
import { failure } from './failure.ts';
import { isText } from './output.ts';
import { cancelled } from './patience.ts';
import { knownNames } from './suggest.ts';

export async function requireLab(): Promise<Lab> {
  const { openLab } = await import('../lab/lab.ts');
  const lab = await openLab();
  if (lab) return lab;
  throw failure('NoLab', { what: 'No lab is up on this machine.', next: '`cpr lab up` brings one up.' });
}

const DEFAULT_NODE = 'master-1';

/** A node may be named as an argument or as an option, and not two of them. */
export function nodeNamed(argument: string | undefined, option: string | undefined): string {
  if (argument !== undefined && option !== undefined && argument !== option)
    throw failure('BadUsage', {
      what: `Two nodes are named: ${argument} and ${option}.`,
      next: 'One at a time: name it once.',
    });
  return argument ?? option ?? DEFAULT_NODE;
}

export function requireNode(lab: Lab, node: string): Lab {
  if (lab.masters.includes(node)) return lab;
  throw failure('UnknownNode', {
    what: `The lab has no master ${node}.`,
    next: knownNames('masters', node, lab.masters),
  });
}

export async function requireFault(name: string): Promise<Fault> {
  const { faults } = await import('../lab/faults/index.ts');
  const fault = faults.find((each) => each.name === name);
  if (fault) return fault;
  const names = faults.map((each) => each.name);
  throw failure('UnknownFault', {
    what: `There is no fault ${name}.`,
    next: knownNames('faults', name, names),
  });
}

/** Long work reports to stderr; a program that reads our JSON wants none of it. */
export function progressOf(context: Context): Progress {
  return isText(context) ? terminalProgress() : silentProgress();
}

/** The lab throws sentences for people: they are failures with a remedy in them, not defects. */
export async function asLabFailure<T>(io: Io, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (io.signal.aborted)
      throw cancelled('Cancelled.', '`cpr lab down` takes away what is left of the lab.');
    throw failure('LabFailed', {
      what: error instanceof Error ? error.message : String(error),
      where: 'the lab on this machine',
      next: 'The next `cpr lab up` cleans up after it; `cpr lab down` takes everything away.',
      cause: error,
    });
  }
}
