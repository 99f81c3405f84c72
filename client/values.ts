import { InvalidArgumentError } from 'commander';
import { durationExamples, parseDuration } from '../worker/config/duration.ts';

const MIN_INTERVAL_MS = 10_000;

/** `60s` to milliseconds, for commander. */
export function parseTimeout(written: string): number {
  const ms = parseDuration(written);
  if (ms === undefined || ms === 0) throw new InvalidArgumentError(`Expected ${durationExamples}.`);
  return ms;
}

/** The same for how often a schedule looks: a look costs the sick cluster something. */
export function parseInterval(written: string): number {
  const ms = parseTimeout(written);
  if (ms < MIN_INTERVAL_MS) throw new InvalidArgumentError('Expected 10s or more.');
  return ms;
}
