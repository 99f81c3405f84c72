import type { Observation } from '../control-plane.ts';
import { assess } from '../etcd/assessment.ts';
import type { Cause, Fault } from '../etcd/classify.ts';
import { machineLags } from '../etcd/mismatch.ts';
import type { EtcdObservation } from '../etcd/observation.ts';
import type { Standing } from '../etcd/standing.ts';
import { valueOf } from '../reading.ts';
import type { Finding, FindingCode } from '../finding.ts';
import { healthFindings } from './health.ts';
import { pageOf } from './page.ts';

/**
 * `etcd`: a second look, at the members and their operator; absent where none was made. Where it tells why a member is bad, that
 * is the finding, and the first look's is none beside it.
 */
export function etcdFindings(observation: Observation, etcd?: EtcdObservation): Finding[] {
  const unhealthy = healthFindings(observation, 'etcd', 'EtcdMemberUnhealthy', 'the etcd member');
  if (!etcd?.operator.known) return unhealthy;
  const { fault, standings } = assess(etcd);
  const named = fault ? faultFindings(fault) : [];
  return [
    ...named,
    ...unhealthy.filter(({ node }) => !named.some((one) => one.node === node)),
    ...standings.flatMap(machineFindings),
  ];
}

/** Those that EtcdRecovery mends, and their names here; for the others nobody knows yet what would help. */
const codes: Partial<Record<Cause, FindingCode>> = {
  'address-changed': 'EtcdMemberAddressChanged',
  'data-lost': 'EtcdMemberDataLost',
  'data-corrupt': 'EtcdMemberDataCorrupt',
  certificate: 'EtcdMemberCertificateBroken',
  manifest: 'EtcdMemberManifestBroken',
  'not-rejoined': 'EtcdMemberNotRejoined',
};

function faultFindings({ node, cause, sentence, signals }: Fault): Finding[] {
  const code = codes[cause];
  const evidence = signals.map(({ fact, source }) => ({ fact, source }));
  const found = { severity: 'critical' as const, node, sentence: `${sentence}.`, evidence };
  if (code === undefined)
    return [{ ...found, code: 'EtcdMemberUnhealthy', remedy: pageOf('EtcdMemberUnhealthy') }];
  return [{ ...found, code, remedy: { runbook: 'EtcdRecovery', target: node } }];
}

/** Said nowhere else: the operator refuses the node's new member without a word. */
function machineFindings({ master }: Standing): Finding[] {
  const machine = valueOf(master.machine);
  if (!machineLags(master) || machine?.state !== 'present') return [];
  const { source } = master.machine;
  const fact = `${machine.name} has ${machine.addresses.join(', ') || 'no address'}`;
  return [
    {
      code: 'MachineAddressStale',
      severity: 'warning',
      node: master.name,
      sentence: `The Machine of ${master.name} does not have its node's address: the etcd operator adds no member there until it has.`,
      evidence: [{ fact, source }],
      remedy: pageOf('MachineAddressStale'),
    },
  ];
}
