import { mkdir, writeFile } from 'node:fs/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

const histories = new URL('../../histories/', import.meta.url);

/**
 * With `CPR_RECORD=1`, keeps the run's history as `test/histories/<name>.json`, which `test/replay.test.ts` replays from
 * then on. Encoded as the server has it: the decoded form cannot be replayed. Without the variable, does nothing: a
 * history is recorded when a change of the workflow was meant, never by the way.
 */
export async function recordHistory(handle: WorkflowHandle, name: string): Promise<void> {
  if (process.env['CPR_RECORD'] !== '1') return;
  const history = await handle.fetchHistory();
  await mkdir(histories, { recursive: true });
  await writeFile(new URL(`${name}.json`, histories), `${historyToJSON(history)}\n`);
}
