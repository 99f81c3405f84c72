import { join } from 'node:path';
import { run } from '../lab/host/run.ts';

interface Check {
  name: string;
  argv: readonly string[];
}

export interface CheckFailure {
  name: string;
  output: string;
}

const root = join(import.meta.dirname, '..');

export const CHECKS: readonly Check[] = [
  { name: 'Format (remedy: npx oxfmt .)', argv: ['oxfmt', '--check', '.'] },
  { name: 'Lint', argv: ['oxlint', '--deny-warnings', '.'] },
  { name: 'Types', argv: ['tsc', '-p', '.'] },
  { name: 'Unused files, exports and dependencies', argv: ['knip', '--no-progress'] },
];

/** Runs every check at the same time; what is in order stays silent. */
export async function checkAll(signal?: AbortSignal): Promise<{ failures: CheckFailure[]; seconds: string }> {
  const began = Date.now();
  const results = await Promise.all(CHECKS.map((check) => outcome(check, signal)));
  const failures = results.filter((result) => result !== undefined);
  return { failures, seconds: ((Date.now() - began) / 1000).toFixed(1) };
}

async function outcome({ name, argv }: Check, signal?: AbortSignal): Promise<CheckFailure | undefined> {
  const [tool = '', ...args] = argv;
  const path = join(root, 'node_modules', '.bin', tool);
  const { code, stdout, stderr } = await run([path, ...args], { cwd: root, signal });
  if (code === 0) return undefined;
  return { name, output: `${stdout}\n${stderr}`.trim() };
}
