import type { Remediator } from '../../domain/etcd/platform.ts';
import type { ClusterOperator, Metal3, PlatformView, StaticPodOperator } from '../../domain/platform-view.ts';
import type { Kubernetes } from '../connections/kubernetes.ts';
import * as platform from '../connections/platform-reads.ts';
import * as reads from '../connections/reads.ts';
import { read, type ApiLook } from './api-look.ts';
import { parseClusterOperator, parseMetal3, parseStaticPodOperator } from './parse-operators.ts';
import { parseRemediators } from './parse-platform.ts';

const ofRemediators = ['machine.openshift.io', 'remediation.medik8s.io'];
const operators = {
  etcd: 'etcds',
  kubeapiserver: 'kubeapiservers',
  kubecontrollermanager: 'kubecontrollermanagers',
  kubescheduler: 'kubeschedulers',
} as const;

/** What the platform's own operators make of the masters. Plain Kubernetes is asked which groups it has, and nothing more. */
export async function readPlatform(look: ApiLook, masters: string[]): Promise<PlatformView> {
  let asked: Promise<string[]> | undefined;
  const groups = (api: Kubernetes) => (asked ??= reads.readApiGroups(api));
  const within = <T>(group: string, how: (api: Kubernetes) => Promise<T>) => {
    return async (api: Kubernetes) => ((await groups(api)).includes(group) ? how(api) : 'none');
  };
  const [staticPods, clusterOperators, metal3, remediators] = await Promise.all([
    read(look, 'GET operator.openshift.io/v1 …/cluster', within('operator.openshift.io', readOperators)),
    read(look, 'GET clusteroperators', within('config.openshift.io', readClusterOperators)),
    read(look, 'GET deployments/metal3 in openshift-machine-api', readMetal3),
    read(look, 'GET machinehealthchecks, nodehealthchecks', async (api) =>
      (await groups(api)).some((group) => ofRemediators.includes(group)) ? readRemediators(api, masters) : [],
    ),
  ]);
  return { operators: staticPods, clusterOperators, metal3, remediators };
}

function readOperators(api: Kubernetes): Promise<StaticPodOperator[]> {
  const kinds = Object.keys(operators) as (keyof typeof operators)[];
  return Promise.all(
    kinds.map(async (kind) =>
      parseStaticPodOperator(kind, await platform.readStaticPodOperator(api, operators[kind])),
    ),
  );
}

async function readClusterOperators(api: Kubernetes): Promise<ClusterOperator[]> {
  return (await platform.listClusterOperators(api)).map(parseClusterOperator);
}

async function readMetal3(api: Kubernetes): Promise<Metal3 | 'none'> {
  const deployment = await platform.readMetal3(api);
  if (!deployment) return 'none';
  return parseMetal3(deployment, await platform.listPodsOfDeployment(api, deployment));
}

/** With the labels that their selectors are about; those are asked for only where there is a selector. */
async function readRemediators(api: Kubernetes, masters: string[]): Promise<Remediator[]> {
  const [machineChecks, nodeChecks] = await Promise.all([
    platform.listMachineHealthChecks(api),
    platform.listNodeHealthChecks(api),
  ]);
  const [machines, nodes] = await Promise.all([
    machineChecks.length === 0 ? [] : platform.listMachines(api),
    nodeChecks.length === 0 ? [] : Promise.all(masters.map((name) => reads.readNode(api, name))),
  ]);
  const ofMasters = (machines ?? []).filter(({ status }) => masters.includes(status?.nodeRef?.name ?? ''));
  return parseRemediators({
    machineChecks,
    nodeChecks,
    nodeLabels: nodes.map(({ metadata }) => metadata?.labels ?? {}),
    // A master without a Machine of its own may be meant by any of them.
    machineLabels:
      ofMasters.length < masters.length ? undefined : ofMasters.map(({ metadata }) => metadata?.labels ?? {}),
  });
}
