import { join } from 'node:path';
import type { Context } from '../context.ts';
import { pause } from '../patience.ts';
import { FAULT } from './incident.ts';
import type { Narrator } from './narrator.ts';
import type { Stage } from './stage.ts';

/** Says how to go on in another terminal, and waits for Ctrl-C. */
export async function keepRunning(
  context: Context,
  narrator: Narrator,
  { lab, temporal }: Stage,
): Promise<void> {
  narrator.chapter('Everything keeps running, until Ctrl-C');
  narrator.say('To go on in another terminal:');
  narrator.show(
    [
      `   export PATH=${join(import.meta.dirname, '../../bin')}:$PATH`,
      `   export TEMPORAL_ADDRESS=${temporal.address} CPR_WEB_UI=${temporal.uiUrl} CPR_CONFIG=${lab.inventory}`,
      `   cpr lab break ${FAULT} master-2 && cpr diagnose ${lab.name}`,
      '',
      `   Web UI ${temporal.uiUrl}`,
      '   cpr lab down takes the lab away, should this process be killed.',
    ].join('\n'),
  );
  while (!context.io.signal.aborted) await pause(3_600_000, context.io.signal);
}
