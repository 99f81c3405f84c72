import { abortOnInterrupt } from '../lab/host/interrupt.ts';
import { elapsed, terminalProgress } from '../lab/host/progress.ts';
import { add, NONE, sentence, type Counts } from './counts.ts';
import type { TierResult } from './node-test.ts';
import { TIERS, type Tier } from './tiers.ts';

/** What became of a tier; `leftOut` says why it was not run at all. */
interface Outcome extends TierResult {
  name: string;
  ms: number;
  leftOut?: string;
}

const progress = terminalProgress();
const signal = abortOnInterrupt(() =>
  progress.say('Stopping; what was started is taken down. Again to leave at once.'),
);

const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => !TIERS.some((tier) => tier.name === name));
if (unknown) {
  console.error(`No tier is called "${unknown}"; there are ${TIERS.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

const outcomes: Outcome[] = [];
for (const tier of TIERS) {
  if (signal.aborted) break;
  if (chosen.length === 0 ? !tier.onRequest : chosen.includes(tier.name)) outcomes.push(await runTier(tier));
}
report(outcomes);

async function runTier(tier: Tier): Promise<Outcome> {
  const began = Date.now();
  const counts = { ...NONE };
  const leftOut = tier.leftOut();
  if (leftOut) return { ...counts, name: tier.name, ms: 0, skipped: await tier.size(), leftOut };
  console.log(`\n▶ ${tier.name}: ${tier.sentence}`);
  try {
    Object.assign(counts, await tier.run({ progress, signal }));
  } catch (error) {
    if (!signal.aborted) console.error(error instanceof Error ? error.message : error);
    counts.failed += 1;
  }
  return { ...counts, name: tier.name, ms: Date.now() - began };
}

function report(results: readonly Outcome[]): void {
  console.log();
  for (const outcome of results) {
    const what = outcome.leftOut ? 'left out' : `${sentence(outcome)}, ${elapsed(outcome.ms)}`;
    console.log(`${outcome.name.padEnd(10)} ${what}`);
  }
  for (const { name, leftOut, skipped } of results) {
    if (leftOut) console.log(`Left out: ${name} (its ${skipped} test files count as skipped). ${leftOut}`);
  }
  for (const file of results.flatMap(({ unsteady }) => unsteady ?? [])) {
    console.log(
      `Unsteady: ${file} failed, and passed when it was run again. Why stands above, and wants a look.`,
    );
  }
  const total = results.reduce<Counts>(add, NONE);
  if (signal.aborted) console.log('Interrupted: not everything was run.');
  console.log(sentence(total));
  process.exitCode = signal.aborted ? 130 : total.failed > 0 || results.length === 0 ? 1 : 0;
}
