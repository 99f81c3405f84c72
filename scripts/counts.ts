import { stripVTControlCharacters } from 'node:util';

/** Tests of a tier, or of all of them. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };

export function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** "12 passed, 0 failed, 3 skipped". */
export function sentence({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/**
 * The counts in the lines with which node:test closes ("ℹ pass 12"). Undefined when they are not there: the run ended
 * before its end. A cancelled test has not passed; a test marked "todo" has not been run for its result.
 */
export function countsIn(output: string): Counts | undefined {
  const closing = new Map<string, number>();
  for (const line of stripVTControlCharacters(output).split('\n')) {
    const [, name, count] = /^(?:ℹ|#) (tests|pass|fail|cancelled|skipped|todo) (\d+)$/.exec(line) ?? [];
    if (name) closing.set(name, Number(count));
  }
  if (!closing.has('pass')) return undefined;
  const count = (name: string) => closing.get(name) ?? 0;
  return {
    passed: count('pass'),
    failed: count('fail') + count('cancelled'),
    skipped: count('skipped') + count('todo'),
  };
}

/** The test files that `node --test` names below "failing tests"; empty also when a failure names another file. */
export function failingFilesIn(output: string): string[] {
  const places = stripVTControlCharacters(output).matchAll(/^test at (\S+?):\d+:\d+$/gm);
  const files = [...new Set([...places].map(([, file = '']) => file))];
  return files.every((file) => file.endsWith('.test.ts')) ? files : [];
}

/** Of a run and of its failing files' second run: what passed then has passed. */
export function afterSecondRun(first: Counts, second: Counts): Counts {
  return { ...first, passed: first.passed + first.failed - second.failed, failed: second.failed };
}
