import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabSettings } from '../settings.ts';

/** What can be turned while the lab runs; the stand-ins read it at every step. */
export interface Knobs {
  /** How long a Machine's status lags behind its node's address; `never`: whoever should write it does not. */
  machineFollowsAfterSeconds: number | 'never';
  /** The installer's fixed sleep. A test that is about something else has it shorter: a revision is three of them. */
  installerWaitSeconds: number;
}

/**
 * A provider's controller looks at its machines every few seconds to minutes; in operator-behaviour's runs D and G it came soon.
 * 30 s are the real installer's.
 */
export const DEFAULT_KNOBS: Knobs = { machineFollowsAfterSeconds: 10, installerWaitSeconds: 30 };

export function readKnobs(settings: LabSettings): Knobs {
  const file = knobsFile(settings);
  if (!existsSync(file)) return DEFAULT_KNOBS;
  return { ...DEFAULT_KNOBS, ...(JSON.parse(readFileSync(file, 'utf8')) as Partial<Knobs>) };
}

export function turnKnobs(settings: LabSettings, turned: Partial<Knobs>): void {
  const file = knobsFile(settings);
  const text = `${JSON.stringify({ ...readKnobs(settings), ...turned }, null, 2)}\n`;
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

function knobsFile({ dir }: LabSettings): string {
  return join(dir, 'platform.json');
}
