import type { ContainerState, EtcdPod, MasterMachine, MasterNode } from '../../../domain/etcd/observation.ts';
import type { LeaseObject } from '../../connections/objects.ts';
import type {
  Address,
  ContainerStatus,
  EtcdPodObject,
  MachineObject,
  MasterNodeObject,
} from '../../connections/platform-objects.ts';
import { redact, verbatim } from '../../redact.ts';
import { conditionOf } from '../parse-objects.ts';

/** A master's objects → ours. Pure. */

export function parseMasterNode({ metadata = {}, status = {} }: MasterNodeObject): MasterNode {
  const ready = conditionOf(status.conditions, 'Ready');
  return {
    uid: verbatim(metadata.uid ?? '', 80),
    ready: ready?.status === 'True' || ready?.status === 'False' ? ready.status : 'Unknown',
    readyReason: redact(ready?.reason ?? '', 100),
    internalIps: internalIps(status.addresses),
  };
}

function internalIps(addresses: Address[] = []): string[] {
  return addresses
    .filter(({ type, address }) => type === 'InternalIP' && address !== undefined)
    .map(({ address = '' }) => verbatim(address, 60));
}

const machineAnnotation = 'machine.openshift.io/machine';

/** The Machine that stands for this node, by its own word and by the node's. Throws when several say so. */
export function parseMachine(
  machines: MachineObject[],
  node: { name: string; annotations?: Record<string, string> | undefined },
): MasterMachine {
  const named = node.annotations?.[machineAnnotation]?.split('/').at(-1);
  const own = machines.filter(
    ({ metadata, status }) =>
      status?.nodeRef?.name === node.name || (named !== undefined && metadata?.name === named),
  );
  const [machine, ...more] = own;
  if (more.length > 0) throw new Error(`${own.length} Machines claim ${node.name}`);
  if (!machine) return { state: 'none' };
  const { metadata = {}, spec = {}, status = {} } = machine;
  return {
    state: 'present',
    name: verbatim(metadata.name ?? '', 253),
    phase: redact(status.phase ?? '', 40),
    addresses: internalIps(status.addresses),
    deleting: metadata.deletionTimestamp !== undefined,
    quorumHook: (spec.lifecycleHooks?.preDrain ?? []).some(
      ({ name, owner }) => name === 'EtcdQuorumOperator' && owner === 'clusteroperator/etcd',
    ),
  };
}

/** The mirror pod of one master among all pods of etcd: by its whole name. */
export function parseEtcdPod(pods: EtcdPodObject[], node: string): EtcdPod {
  const pod = pods.find(({ metadata }) => metadata?.name === `etcd-${node}`);
  if (!pod) return { state: 'absent' };
  const { metadata = {}, spec = {}, status = {} } = pod;
  return {
    state: 'present',
    uid: verbatim(metadata.uid ?? '', 80),
    revision: revisionOf(metadata.labels?.['revision']),
    env: addressVariables(spec),
    podIps: (status.podIPs ?? []).map(({ ip = '' }) => verbatim(ip, 60)),
    containers: [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].map(stateOf),
    terminating: metadata.deletionTimestamp !== undefined,
  };
}

/** Zero: it has no label, as on a control plane that no operator installed. */
function revisionOf(label: string | undefined): number {
  const revision = Number(label ?? '0');
  return Number.isSafeInteger(revision) && revision >= 0 ? revision : 0;
}

function addressVariables({ containers = [] }: NonNullable<EtcdPodObject['spec']>): Record<string, string> {
  const etcd = containers.find(({ name }) => name === 'etcd');
  const written = (etcd?.env ?? []).flatMap(({ name = '', value }): [string, string][] =>
    value !== undefined && isAddressVariable(name) ? [[verbatim(name, 300), verbatim(value, 2000)]] : [],
  );
  return Object.fromEntries(written);
}

function isAddressVariable(name: string): boolean {
  return name === 'ALL_ETCD_ENDPOINTS' || /^NODE_.+_(IP|ETCD_URL_HOST)$/.test(name);
}

function stateOf({ name = '', ready, restartCount, state = {}, lastState }: ContainerStatus): ContainerState {
  const ended = state.terminated ?? lastState?.terminated;
  return {
    name: verbatim(name, 80),
    ready: ready === true,
    ...phaseOf(state),
    restarts: restartCount ?? 0,
    ...(ended === undefined
      ? {}
      : {
          lastTermination: {
            exitCode: ended.exitCode ?? -1,
            reason: redact(ended.reason ?? '', 80),
            message: redact(ended.message ?? '', 300),
          },
        }),
  };
}

function phaseOf({
  running,
  terminated,
  waiting,
}: NonNullable<ContainerStatus['state']>): Pick<ContainerState, 'state' | 'reason'> {
  if (running) return { state: 'running', reason: '' };
  if (terminated) return { state: 'terminated', reason: redact(terminated.reason ?? '', 80) };
  return { state: 'waiting', reason: redact(waiting?.reason ?? '', 80) };
}

/** A node's lease is good for so long: kubelets renew it every ten seconds. */
const leaseSeconds = 40;

/**
 * Does its kubelet authenticate? It does when it has lately renewed the lease that only this node's identity, or a stronger
 * one, may write. `nowMs`: by the API server's clock.
 */
export function parseKubeletWord(
  lease: LeaseObject | undefined,
  nowMs: number,
): { authenticates: boolean; detail: string } {
  const renewedMs = Date.parse(lease?.spec?.renewTime ?? '');
  if (Number.isNaN(renewedMs)) return { authenticates: false, detail: 'it holds no lease' };
  const age = Math.max(0, Math.round((nowMs - renewedMs) / 1000));
  const detail = `lease renewed ${age} s ago`;
  return { authenticates: age <= (lease?.spec?.leaseDurationSeconds ?? leaseSeconds), detail };
}
