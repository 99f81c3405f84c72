import type { ClusterOperator, Metal3, StaticPodOperator } from '../../domain/platform-view.ts';
import type { PodObject } from '../connections/objects.ts';
import type {
  ClusterOperatorObject,
  DeploymentObject,
  StaticPodOperatorObject,
} from '../connections/platform-objects.ts';
import { redact, verbatim } from '../redact.ts';
import { conditionOf } from './parse-objects.ts';
import { parseConditions, parseNodeStatuses } from './parse-platform.ts';

/** OpenShift's objects → ours. Pure. */

/** What an operator says of guards, nodes, installers and static pods; its other worries are not a kubelet's. */
const ofNodes = /^(Guard|Node|MissingStaticPod|InstallerPod|NodeInstaller|StaticPods?|Installer)\w*Degraded$/;

export function parseStaticPodOperator(
  kind: StaticPodOperator['kind'],
  { status = {} }: StaticPodOperatorObject,
): StaticPodOperator {
  return {
    kind,
    latestAvailableRevision: status.latestAvailableRevision ?? 0,
    nodeStatuses: parseNodeStatuses(status.nodeStatuses),
    conditions: parseConditions(status.conditions).filter(({ type }) => ofNodes.test(type)),
  };
}

/** A condition that is not there is not as it should be: an operator that says nothing of itself is not well. */
export function parseClusterOperator({ metadata = {}, status = {} }: ClusterOperatorObject): ClusterOperator {
  const is = (type: string) => conditionOf(status.conditions, type)?.status;
  const wrong = [
    is('Available') === 'True' ? undefined : 'Available',
    is('Degraded') === 'False' ? undefined : 'Degraded',
    is('Progressing') === 'False' ? undefined : 'Progressing',
  ].find((type) => type !== undefined);
  const said = wrong === undefined ? undefined : conditionOf(status.conditions, wrong);
  return {
    name: verbatim(metadata.name ?? ''),
    available: is('Available') === 'True',
    progressing: is('Progressing') !== 'False',
    degraded: is('Degraded') !== 'False',
    message: wrong === undefined ? '' : redact(said?.message ?? `it says nothing of ${wrong}`, 200),
  };
}

export function parseMetal3({ spec = {}, status = {} }: DeploymentObject, pods: PodObject[]): Metal3 {
  return {
    // The default of the API.
    desired: spec.replicas ?? 1,
    available: status.availableReplicas ?? 0,
    pods: pods.map((pod) => ({
      name: verbatim(pod.metadata?.name ?? ''),
      node: verbatim(pod.spec?.nodeName ?? ''),
      phase: redact(pod.status?.phase ?? '', 40),
      terminating: pod.metadata?.deletionTimestamp !== undefined,
    })),
  };
}
