import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureTemporal } from '../lab/binaries/ensure.ts';
import { ensureCommands, noLabHere, thisMachine, type HostCommand } from '../lab/host/requirements.ts';
import { labDown, labUp, openLab } from '../lab/lab.ts';
import { resolveTemporalBinary } from '../lab/temporal/binary.ts';
import { checkAll, CHECKS } from './checks.ts';
import { add, NONE, type Counts } from './counts.ts';
import { nodeTest, type NodeTest, type TierContext, type TierResult } from './node-test.ts';

export interface Tier {
  name: string;
  sentence: string;
  /** It takes an hour and more: only when it is named. */
  onRequest?: true;
  /** Why this machine cannot run it: one sentence with the remedy. */
  leftOut(): string | undefined;
  /** How many test files it has. */
  size(): Promise<number>;
  run(context: TierContext): Promise<TierResult>;
}

const root = join(import.meta.dirname, '..');
const everywhere = () => undefined;

/** The approvals in the Web UI are given as a person gives them, in a browser. */
const BROWSER: HostCommand = { command: 'chromium', package: 'chromium', why: 'for the tests in the Web UI' };

/** Files in one process: one process for each took four times as long. */
const ONE_PROCESS = ['--test-isolation=none'];
/** Parts that run at the same time, to use two cores. */
const FAST = together(
  ['test/{domain,client,workflows}/**/*.test.ts'],
  [
    'test/*.test.ts',
    'test/!(domain|client|workflows|activities|temporal|lab|lab-etcd|lab-long)/**/*.test.ts',
  ],
);
/** Starting a shell for each script costs more than all of the above: not for every edit. */
const ACTIVITIES = together(
  ['test/activities/node-scripts/**/*.test.ts', 'test/activities/act/**/*.test.ts'],
  ['test/activities/*.test.ts', 'test/activities/!(node-scripts|act)/**/*.test.ts'],
);
const TEMPORAL: NodeTest = {
  files: ['test/temporal/**/*.test.ts'],
  flags: ['--test-concurrency=2'],
  timeoutMinutes: 10,
  secondRuns: 2,
};
/** There is one lab: its tests come one after another. */
const LAB: NodeTest = {
  files: ['test/lab/**/*.test.ts'],
  flags: ['--test-concurrency=1'],
  timeoutMinutes: 30,
  secondRuns: 2,
};
/** The same with a lab of their own each, which has the platform's operators around it. */
const LAB_ETCD: NodeTest = {
  files: ['test/lab-etcd/**/*.test.ts'],
  flags: ['--test-concurrency=1'],
  timeoutMinutes: 20,
  secondRuns: 1,
};
/** Each of these files makes the lab that it needs: with the platform's operators, of this release or that. */
const LAB_LONG: NodeTest = {
  files: ['test/lab-long/**/*.test.ts'],
  flags: ['--test-concurrency=1'],
  timeoutMinutes: 60,
};

/** From the cheapest to the dearest. */
export const TIERS: readonly Tier[] = [
  {
    name: 'check',
    sentence: 'format, lint, types and unused code',
    leftOut: everywhere,
    size: async () => CHECKS.length,
    run: runChecks,
  },
  {
    name: 'fast',
    sentence: 'decisions, texts, command line and replay: seconds',
    leftOut: everywhere,
    size: () => countFiles(...FAST),
    run: (context) => runTogether(FAST, context),
  },
  {
    name: 'activities',
    sentence: 'the activities against false APIs, and their scripts in real shells on false nodes',
    leftOut: everywhere,
    size: () => countFiles(...ACTIVITIES),
    run: (context) => runTogether(ACTIVITIES, context),
  },
  {
    name: 'temporal',
    sentence: 'the runbooks on a real Temporal server',
    leftOut: everywhere,
    size: () => countFiles(TEMPORAL),
    run: async (context) => nodeTest({ ...TEMPORAL, env: await temporal(context) }, context),
  },
  {
    name: 'lab',
    sentence: 'the recoveries on a real three-master control plane',
    leftOut: () => noLabHere(thisMachine()),
    size: () => countFiles(LAB),
    run: runOnLab,
  },
  {
    name: 'lab-etcd',
    sentence: 'a recovery of etcd among the stand-ins for the operators: seven minutes',
    leftOut: () => noLabHere(thisMachine()),
    size: () => countFiles(LAB_ETCD),
    run: async (context) => nodeTest({ ...LAB_ETCD, env: await temporal(context) }, context),
  },
  {
    name: 'lab-long',
    sentence: "the lab's stand-ins for the platform's operators, and recoveries among them",
    onRequest: true,
    leftOut: () => noLabHere(thisMachine()),
    size: () => countFiles(LAB_LONG),
    run: async (context) => nodeTest({ ...LAB_LONG, env: await temporal(context) }, context),
  },
];

async function runChecks({ signal }: TierContext): Promise<Counts> {
  const { failures } = await checkAll(signal);
  for (const { name, output } of failures) console.error(`${name}\n${output}\n`);
  return { passed: CHECKS.length - failures.length, failed: failures.length, skipped: 0 };
}

function together(...parts: readonly string[][]): readonly NodeTest[] {
  return parts.map((files) => ({ files, flags: ONE_PROCESS, timeoutMinutes: 4, printAtEnd: true }));
}

async function runTogether(tests: readonly NodeTest[], context: TierContext): Promise<Counts> {
  const parts = await Promise.all(tests.map((part) => nodeTest(part, context)));
  return parts.reduce(add, NONE);
}

/** Brings the lab up, tests, takes it down whatever happened; a lab that ran before is used and stays. */
async function runOnLab(context: TierContext): Promise<TierResult> {
  await ensureCommands([BROWSER], context.progress, context.signal);
  const env = await temporal(context);
  const ranBefore = (await openLab()) !== undefined;
  try {
    await labUp(context);
    const beforeSecondRun = () => (ranBefore ? Promise.resolve() : anotherLab(context));
    return await nodeTest({ ...LAB, env, beforeSecondRun }, context);
  } finally {
    // Not with the run's signal: an interrupted run is exactly the one that has a lab to take down.
    if (!ranBefore) await labDown({ progress: context.progress });
  }
}

async function anotherLab({ progress, signal }: TierContext): Promise<void> {
  await labDown({ progress });
  await labUp({ progress, signal });
}

/** Finds, downloads or builds the Temporal server before the tests, where its progress can be seen. */
async function temporal({ progress, signal }: TierContext): Promise<NodeJS.ProcessEnv> {
  const build = () => ensureTemporal({ progress, signal });
  return { TEMPORAL_CLI_PATH: await resolveTemporalBinary({ progress, signal, build }) };
}

async function countFiles(...tests: readonly NodeTest[]): Promise<number> {
  const patterns = tests.flatMap(({ files }) => files);
  let count = 0;
  for await (const _ of glob(patterns, { cwd: root })) count += 1;
  return count;
}
