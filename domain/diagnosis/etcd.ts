import type { Observation } from '../control-plane.ts';
import type { Finding } from '../finding.ts';
import { healthFindings } from './health.ts';

export function etcdFindings(observation: Observation): Finding[] {
  return healthFindings(observation, 'etcd', 'EtcdMemberUnhealthy', 'the etcd member');
}
