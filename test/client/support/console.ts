import { runCommandLine } from '../../../client/command-line.ts';
import type { Io, KnownClusters } from '../../../client/context.ts';
import type { Gateway } from '../../../client/gateway.ts';
import { now } from './states.ts';

/** A terminal that remembers what was printed and answers from a list. */
export interface FakeConsole {
  io: Io;
  out: () => string;
  err: () => string;
  /** Ctrl-C. */
  interrupt: () => void;
}

export interface ConsoleOptions {
  /** What the person answers, in turn; absent: there is no terminal. */
  answers?: string[];
  env?: NodeJS.ProcessEnv;
  /** By cluster, where the inventory at hand says that approvals are signed. */
  allowedSigners?: Map<string, string>;
}

export function fakeConsole({ answers, env = {} }: ConsoleOptions = {}): FakeConsole {
  const printed = { out: '', err: '' };
  const controller = new AbortController();
  const left = [...(answers ?? [])];
  const io: Io = {
    out: (text) => void (printed.out += text),
    err: (text) => void (printed.err += text),
    live: false,
    interactive: answers !== undefined,
    columns: 110,
    color: false,
    ask: async (question) => {
      printed.err += question;
      return left.shift();
    },
    key: async () => left.shift(),
    now: () => now,
    env: { CPR_USER: 'anna@bastion', ...env },
    signal: controller.signal,
  };
  return {
    io,
    out: () => printed.out,
    err: () => printed.err,
    interrupt: () => controller.abort(new DOMException('Cancelled.', 'AbortError')),
  };
}

export const inventory: KnownClusters = {
  path: '/etc/cpr/clusters.yaml',
  masters: new Map([
    ['lab', ['master-0', 'master-1', 'master-2']],
    ['prod-eu-1', ['cp-a', 'cp-b', 'cp-c']],
  ]),
};

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Runs one command line against a fake Temporal, as a person types it. */
export async function cpr(
  line: string,
  gateway: Partial<Gateway> = {},
  options: ConsoleOptions = {},
): Promise<Ran> {
  const console = fakeConsole(options);
  const code = await runCommandLine(words(line), console.io, {
    connect: async () => ({ ...nobody(), ...gateway }),
    inventory: async () => ({
      ...inventory,
      ...(options.allowedSigners ? { allowedSigners: options.allowedSigners } : {}),
    }),
    pollMs: 1,
  });
  return { code, out: console.out(), err: console.err() };
}

function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
}

/** A Temporal that is asked for nothing: whatever a test does not expect fails it. */
function nobody(): Gateway {
  return {
    place: { address: 'temporal.test:7233', namespace: 'default', webUi: 'http://ui.test' },
    diagnose: unexpected('diagnose'),
    startRecovery: unexpected('startRecovery'),
    newestRun: unexpected('newestRun'),
    openRuns: unexpected('openRuns'),
    state: unexpected('state'),
    result: unexpected('result'),
    report: unexpected('report'),
    vote: unexpected('vote'),
    resolve: unexpected('resolve'),
    abort: unexpected('abort'),
    supersede: unexpected('supersede'),
    brake: {
      read: async () => ({ state: 'off' }),
      state: unexpected('brake.state'),
      putOn: unexpected('brake.putOn'),
      release: unexpected('brake.release'),
    },
    schedule: {
      set: unexpected('schedule.set'),
      show: unexpected('schedule.show'),
      pause: unexpected('schedule.pause'),
      resume: unexpected('schedule.resume'),
      trigger: unexpected('schedule.trigger'),
      remove: unexpected('schedule.remove'),
    },
    close: async () => {},
  };
}

function unexpected(what: string): () => Promise<never> {
  return async () => {
    throw new Error(`the test did not expect ${what}`);
  };
}
