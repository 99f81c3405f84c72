import { join } from 'node:path';
import type { Progress } from '../lab/host/progress.ts';
import { run } from '../lab/host/run.ts';
import { afterSecondRun, countsIn, failingFilesIn, type Counts } from './counts.ts';

export interface TierContext {
  progress: Progress;
  signal: AbortSignal;
}

export interface TierResult extends Counts {
  /** Files that failed, and passed when they were run again. */
  unsteady?: string[];
}

export interface NodeTest {
  files: readonly string[];
  flags: readonly string[];
  /** Of one test; a hanging one must not hang the run. Nor must a file outside its tests: it may be silent a little longer. */
  timeoutMinutes: number;
  /**
   * How many files may be run a second time by themselves when they fail. A machine that is busy with something else makes
   * real systems late; what fails for a reason fails twice. Said loudly, and counted as unsteady.
   */
  secondRuns?: number;
  /** Makes the ground clean before that: what the failure and all the files after it left is not theirs to bear. */
  beforeSecondRun?: () => Promise<void>;
  /** Print when it is over, so that what runs at the same time does not mix on the screen. */
  printAtEnd?: boolean;
  env?: NodeJS.ProcessEnv;
}

const root = join(import.meta.dirname, '..');

/**
 * A file ends with its tests, whatever they left open: where a first hook failed, the SDK's runtime kept the process alive,
 * and a run that had failed after a third of a second stood still until somebody ended it an hour later.
 */
const ENDS = '--test-force-exit';

export async function nodeTest(tests: NodeTest, context: TierContext): Promise<TierResult> {
  const { counts, output } = await runOnce(tests, context);
  const failing = failingFilesIn(output);
  const { secondRuns = 0 } = tests;
  if (failing.length === 0 || failing.length > secondRuns || context.signal.aborted) return counts;
  context.progress.say(`Run again, by themselves, since they failed: ${failing.join(', ')}`);
  await tests.beforeSecondRun?.();
  const second = await runOnce({ ...tests, files: failing }, context);
  const unsteady = failing.filter((file) => !failingFilesIn(second.output).includes(file));
  return {
    ...afterSecondRun(counts, second.counts),
    ...(second.counts.failed === 0 && { unsteady }),
  };
}

async function runOnce(tests: NodeTest, context: TierContext): Promise<{ counts: Counts; output: string }> {
  const silence = guardAgainstSilence(tests.timeoutMinutes * 1.2);
  const timeout = `--test-timeout=${tests.timeoutMinutes * 60_000}`;
  const flags = ['--test', '--test-reporter=spec', ENDS, timeout, ...tests.flags];
  const color = process.stdout.isTTY && !process.env['NO_COLOR'] ? { FORCE_COLOR: '1' } : {};
  const { code, stdout, stderr } = await run([process.execPath, ...flags, ...tests.files], {
    cwd: root,
    signal: AbortSignal.any([context.signal, silence.signal]),
    env: { ...color, ...tests.env },
    onLine: (line, stream) => {
      silence.broken(line);
      if (!tests.printAtEnd) process[stream].write(`${line}\n`);
    },
  }).finally(silence.over);
  if (tests.printAtEnd) process.stdout.write(stdout + stderr);
  const counts = countsIn(stdout);
  if (!counts) throw new Error(`node --test ended with exit code ${code} before it had counted its tests`);
  // A file that crashes outside its tests fails the run, and not always a test.
  return { counts: code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts, output: stdout };
}

/** Aborts when no test has said anything for so long that one of them must have reached its own limit. */
function guardAgainstSilence(minutes: number): {
  signal: AbortSignal;
  broken: (line: string) => void;
  over: () => void;
} {
  const guard = new AbortController();
  let last = 'none yet';
  const timer = setTimeout(() => {
    const said = `No test has said anything for ${minutes} minutes (the last line: ${last})`;
    guard.abort(
      new Error(`${said}: a file hangs outside its tests, which no limit of a test ends. Ended them all.`),
    );
  }, minutes * 60_000);
  const broken = (line: string) => {
    last = line.trim() || last;
    timer.refresh();
  };
  return { signal: guard.signal, broken, over: () => clearTimeout(timer) };
}
