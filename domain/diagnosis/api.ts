import type { ApiEndpoint, MasterObservation, Observation } from '../control-plane.ts';
import type { Finding } from '../finding.ts';
import { factOf } from '../kubelet/facts.ts';
import type { Known } from '../reading.ts';
import type { Evidence } from '../verdict.ts';
import { healthFindings } from './health.ts';
import { pageOf } from './page.ts';

/** The API endpoint, and the API server of each master. A cluster that cannot be reached is a finding, not a crash. */
export function apiFindings(observation: Observation): Finding[] {
  const { api, cluster } = observation;
  const servers = healthFindings(observation, 'apiServer', 'ApiServerUnhealthy', 'the API server');
  if (api.known) return [...endpointFindings(observation, api), ...servers];
  const unreachable: Finding = {
    code: 'ApiUnreachable',
    severity: 'critical',
    sentence: `The API of ${cluster} does not answer; what is said here rests on what the masters showed over ssh.`,
    evidence: [factOf(api, 'API', () => ''), ...observation.masters.map((master) => serverFact(master))],
    remedy: pageOf('ApiUnreachable'),
  };
  return [unreachable, ...servers];
}

/** The masters answer, and what stands before them does not. */
function endpointFindings({ cluster, masters }: Observation, api: Known<ApiEndpoint>): Finding[] {
  const { server, through } = api.value;
  if (through === undefined) return [];
  return [
    {
      code: 'ApiEndpointDown',
      severity: 'critical',
      sentence: `The API endpoint of ${cluster} does not answer, though the API server on ${through.master} does: what is said here was read through it.`,
      evidence: [
        { fact: `${server}: ${through.because}`, source: api.source },
        ...masters.map((master) => serverFact(master)),
      ],
      remedy: pageOf('ApiEndpointDown'),
    },
  ];
}

function serverFact({ name, apiServer }: MasterObservation): Evidence {
  return factOf(
    apiServer,
    `API server on ${name}`,
    ({ healthy, detail }) => `${healthy ? 'healthy' : 'not healthy'} (${detail})`,
  );
}
