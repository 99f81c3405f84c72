import type { Lab } from '../handle.ts';
import type { Platform } from '../settings.ts';
import {
  CLUSTER_OPERATOR_NAMES,
  CLUSTER_OPERATORS,
  CLUSTER_VERSIONS,
  clusterVersionStatus,
  versionsOf,
} from './objects/cluster.ts';

/**
 * The release that a profile was measured on (operator-behaviour: release-4.16, and main when it was to become 4.23).
 * 4.18 to 4.22 behave as main by their code alone; `setRelease` shows one of those to a recovery.
 */
export const MEASURED_RELEASES: Record<Exclude<Platform, 'none'>, string> = {
  '4.16': '4.16.0',
  main: '4.23.0',
};

/** Lets ClusterVersion and the ClusterOperators say that the cluster has arrived at `release`; nothing else changes. */
export async function setRelease({ api }: Lab, release: string): Promise<void> {
  await api.send('PATCH', `${CLUSTER_VERSIONS}/version/status`, {
    status: clusterVersionStatus(release, new Date()),
  });
  for (const name of CLUSTER_OPERATOR_NAMES) {
    const status = { versions: versionsOf(name, release) };
    await api.send('PATCH', `${CLUSTER_OPERATORS}/${name}/status`, { status });
  }
}
