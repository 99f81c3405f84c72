import type { Observation } from '../control-plane.ts';
import type { Finding } from '../finding.ts';
import { factOf } from '../kubelet/facts.ts';
import { healthFindings } from './health.ts';
import { pageOf } from './page.ts';

/** The API endpoint, and the API server of each master. A cluster that cannot be reached is a finding, not a crash. */
export function apiFindings(observation: Observation): Finding[] {
  const { api, cluster } = observation;
  const servers = healthFindings(observation, 'apiServer', 'ApiServerUnhealthy', 'the API server');
  if (api.known) return servers;
  const unreachable: Finding = {
    code: 'ApiUnreachable',
    severity: 'critical',
    sentence: `The API of ${cluster} does not answer; what is said here rests on what the masters showed over ssh.`,
    evidence: [
      factOf(api, 'API', () => ''),
      ...observation.masters.map(({ name, apiServer }) =>
        factOf(
          apiServer,
          `API server on ${name}`,
          ({ healthy, detail }) => `${healthy ? 'healthy' : 'not healthy'} (${detail})`,
        ),
      ),
    ],
    remedy: pageOf('ApiUnreachable'),
  };
  return [unreachable, ...servers];
}
