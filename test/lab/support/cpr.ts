import assert from 'node:assert/strict';
import { join } from 'node:path';
import { run } from '../../../lab/host/run.ts';
import type { Stage } from './stage.ts';

/** Runs a `cpr` command as a person would, and returns what it printed. */
export async function cpr(stage: Stage, args: string[], exitCode = 0): Promise<string> {
  const main = join(import.meta.dirname, '../../../client/main.ts');
  const { address, uiUrl } = stage.temporal.server;
  const env = { TEMPORAL_ADDRESS: address, CPR_WEB_UI: uiUrl, CPR_CONFIG: stage.inventory };
  const { code, stdout, stderr } = await run([process.execPath, main, ...args], { env, timeoutMs: 120_000 });
  assert.equal(code, exitCode, `cpr ${args.join(' ')}:\n${stdout}\n${stderr}`);
  return stdout;
}
