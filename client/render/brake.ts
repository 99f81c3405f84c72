import type { BrakeReading } from '../../domain/brake.ts';
import type { Brake } from '../../domain/run.ts';
import type { BrakeRow } from '../braking.ts';
import { clock, oneLine, wrap } from './text.ts';

/** What became of each cluster's brake, a line or two for each. */
export function renderBrakes(rows: readonly BrakeRow[]): string {
  return rows
    .map(({ cluster, brake, sentence }) => wrap(`${cluster}: ${brake}; ${sentence}`, '  ', undefined, ''))
    .join('\n');
}

/** Who stops a cluster, since when and why; empty while its brake is off. */
export function renderBrake(cluster: string, reading: BrakeReading, now: number): string {
  switch (reading.state) {
    case 'off':
      return '';
    case 'on':
      return `${wrap(`${pausedLine(reading.brake, now)}. No act is begun.`, '  ', undefined, '')}\nTo release it:\n  cpr resume ${cluster} --reason '…'`;
    case 'pending':
      return 'Paused: the brake is being put on, and whether that counts is not known yet.';
    case 'unknown':
      return wrap(
        `Whether the brake is on could not be read: ${oneLine(reading.because)}`,
        '  ',
        undefined,
        '',
      );
  }
}

export function pausedLine({ by, reason, since, proof }: Brake, now: number): string {
  const who = proof ? `${by} (${proof.key})` : by;
  return oneLine(`Paused by ${who} since ${clock(since, now)}: ${reason}`);
}
