import type { Platform } from '../settings.ts';

/**
 * The release that a profile was measured on (operator-behaviour: release-4.16, and main when it was to become 4.23).
 * 4.18 to 4.22 behave as main by their code alone; `setRelease` shows one of those to a recovery.
 */
export const MEASURED_RELEASES: Record<Exclude<Platform, 'none'>, string> = {
  '4.16': '4.16.0',
  main: '4.23.0',
};
