import { etcdNamespace } from '../../domain/etcd/names.ts';
import type { Kubernetes } from './kubernetes.ts';
import { isNotFound, isObjectGone } from './kubernetes-errors.ts';
import type { PodObject, SecretObject } from './objects.ts';
import { failure } from '../failure.ts';
import type {
  ClusterOperatorObject,
  ClusterVersionObject,
  DeploymentObject,
  EtcdPodObject,
  InfrastructureObject,
  MachineHealthCheckObject,
  MachineObject,
  MasterNodeObject,
  NodeHealthCheckObject,
  PoolObject,
  StaticPodOperatorObject,
} from './platform-objects.ts';
import { listAll, orUndefined } from './reads.ts';

/** The reads that the runbooks make of what OpenShift puts around the control plane; deploy/rbac/README.md lists them one by one. */

const config = '/apis/config.openshift.io/v1';
const machineApi = '/apis/machine.openshift.io/v1beta1/namespaces/openshift-machine-api';
/** More masters, Machines or pools than that has no cluster: what answers is something else. */
const MOST = 5000;

export function readMasterNode(api: Kubernetes, name: string): Promise<MasterNodeObject> {
  return api.get(`/api/v1/nodes/${encodeURIComponent(name)}`);
}

export function listEtcdPods(api: Kubernetes): Promise<EtcdPodObject[]> {
  const query = { labelSelector: 'app=etcd' };
  return listAll<EtcdPodObject>(api, `/api/v1/namespaces/${etcdNamespace}/pods`, query, MOST);
}

export function readEtcdOperator(api: Kubernetes): Promise<StaticPodOperatorObject> {
  return api.get('/apis/operator.openshift.io/v1/etcds/cluster');
}

export function readClusterVersion(api: Kubernetes): Promise<ClusterVersionObject> {
  return api.get(`${config}/clusterversions/version`);
}

export function readInfrastructure(api: Kubernetes): Promise<InfrastructureObject> {
  return api.get(`${config}/infrastructures/cluster`);
}

export function listPools(api: Kubernetes): Promise<PoolObject[]> {
  return listAll(api, '/apis/machineconfiguration.openshift.io/v1/machineconfigpools', {}, MOST);
}

/** Undefined: the cluster has no Machine API. An API server that is only coming up answers 503 for a kind, never 404. */
export function listMachines(api: Kubernetes): Promise<MachineObject[] | undefined> {
  return ifServed(listAll<MachineObject>(api, `${machineApi}/machines`, {}, MOST));
}

export async function listMachineHealthChecks(api: Kubernetes): Promise<MachineHealthCheckObject[]> {
  const path = `${machineApi}/machinehealthchecks`;
  return (await ifServed(listAll<MachineHealthCheckObject>(api, path, {}, MOST))) ?? [];
}

/** Of an operator that most clusters do not have. */
export async function listNodeHealthChecks(api: Kubernetes): Promise<NodeHealthCheckObject[]> {
  const path = '/apis/remediation.medik8s.io/v1alpha1/nodehealthchecks';
  return (await ifServed(listAll<NodeHealthCheckObject>(api, path, {}, MOST))) ?? [];
}

/** Undefined when there is none. Holds a private key: nothing but what the certificate is for may leave its reader. */
export async function readEtcdSecret(api: Kubernetes, name: string): Promise<SecretObject | undefined> {
  const path = `/api/v1/namespaces/${etcdNamespace}/secrets/${encodeURIComponent(name)}`;
  return api.get<SecretObject>(path).catch((error: unknown) => {
    if (isObjectGone(error)) return undefined;
    throw error;
  });
}

/** `plural`: `etcds`. */
export function readStaticPodOperator(api: Kubernetes, plural: string): Promise<StaticPodOperatorObject> {
  return api.get(`/apis/operator.openshift.io/v1/${plural}/cluster`);
}

export function listClusterOperators(api: Kubernetes): Promise<ClusterOperatorObject[]> {
  return listAll(api, `${config}/clusteroperators`, {}, MOST);
}

const metal3Namespace = 'openshift-machine-api';

/** Undefined when there is none, as on every platform but bare metal. */
export function readMetal3(api: Kubernetes): Promise<DeploymentObject | undefined> {
  return orUndefined(api.get(`/apis/apps/v1/namespaces/${metal3Namespace}/deployments/metal3`));
}

/** By the deployment's own selector, which is of labels alone. */
export async function listPodsOfDeployment(
  api: Kubernetes,
  { metadata = {}, spec = {} }: DeploymentObject,
): Promise<PodObject[]> {
  const labels = Object.entries(spec.selector?.matchLabels ?? {});
  if (labels.length === 0)
    throw failure('ApiUnreachable', `deployment ${metadata.name}: it selects no pods by label`);
  const labelSelector = labels.map(([label, value]) => `${label}=${value}`).join(',');
  return listAll(api, `/api/v1/namespaces/${metal3Namespace}/pods`, { labelSelector }, 100);
}

async function ifServed<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
}
