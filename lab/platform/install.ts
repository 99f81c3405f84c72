import { stringify } from 'yaml';
import { ApiError, type Api } from '../cluster/api.ts';
import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';
import { during, type Progress } from '../host/progress.ts';
import { definitions, kinds } from './crds/index.ts';
import { clusterConfig, clusterOperators } from './objects/cluster.ts';
import {
  machineConfigPools,
  machineName,
  machines,
  remediators,
  renderedConfig,
} from './objects/machines.ts';
import { collection, type PlatformObject } from './objects/object.ts';
import { staticPodOperators } from './objects/operators.ts';
import { MEASURED_RELEASES } from './release.ts';

const NAMESPACES = [
  'openshift-config',
  'openshift-config-managed',
  'openshift-etcd-operator',
  'openshift-kube-apiserver-operator',
  'openshift-kube-controller-manager-operator',
  'openshift-kube-scheduler-operator',
  'openshift-machine-api',
];

const WITHIN_MS = 60_000;

/** Puts OpenShift's kinds and objects around the control plane, as an installation leaves them. `none`: nothing. */
export async function installPlatform(
  lab: Lab,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { platform } = lab;
  if (platform === 'none') return;
  const release = MEASURED_RELEASES[platform];
  await during(
    progress,
    `the platform's kinds and objects, release ${release}`,
    async () => {
      await define(lab, signal);
      const wait = { withinMs: WITHIN_MS, signal };
      await waitUntil('kinds established', () => established(lab.api), wait);
      // An API that has just learnt a kind may still answer 404 for it; what is done here may be done twice.
      const make = () => makeObjects(lab, release).then(() => true as const);
      await waitUntil("the platform's objects", make, wait);
    },
    { usually: '5 s' },
  );
}

async function define(lab: Lab, signal: AbortSignal | undefined): Promise<void> {
  const namespaces = NAMESPACES.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  const input = definitions() + namespaces.map((object) => `---\n${stringify(object)}`).join('');
  await lab.kubectl(['apply', '-f', '-'], { input, signal });
}

async function established(api: Api): Promise<true | string> {
  await Promise.all(kinds.map(({ group, version, plural }) => api.get(collection(group, version, plural))));
  return true;
}

async function makeObjects(lab: Lab, release: string): Promise<void> {
  const now = new Date();
  const { settings, api } = lab;
  const nodes = await api.get<{ items: { metadata: { name: string; uid: string } }[] }>('/api/v1/nodes');
  const uids = Object.fromEntries(nodes.items.map(({ metadata }) => [metadata.name, metadata.uid]));
  const objects = [
    ...clusterConfig(settings, release, now),
    ...clusterOperators(release, now),
    ...staticPodOperators(),
    ...machines(settings, uids),
    ...remediators(),
    ...machineConfigPools(now),
  ];
  await Promise.all([
    ...objects.map((object) => put(api, object)),
    ...lab.masters.map((node) => annotate(lab, node)),
  ]);
}

/** What is there already keeps its spec; its status is what an installation leaves. */
async function put(api: Api, { path, body }: PlatformObject): Promise<void> {
  await api.send('POST', path, body).catch((error: unknown) => {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
  });
  if (body.status === undefined) return;
  await api
    .send('PATCH', `${path}/${body.metadata.name}/status`, { status: body.status })
    .catch(noSubresource);
}

/** A kind without status subresource has taken the status with the object. */
function noSubresource(error: unknown): void {
  if (!(error instanceof ApiError && error.status === 404)) throw error;
}

/** What the Machine and the machine-config controllers write on a node. */
async function annotate({ api, settings }: Lab, node: string): Promise<void> {
  const config = 'machineconfiguration.openshift.io';
  const annotations = {
    'machine.openshift.io/machine': `openshift-machine-api/${machineName(settings, node)}`,
    [`${config}/currentConfig`]: renderedConfig('master'),
    [`${config}/desiredConfig`]: renderedConfig('master'),
    [`${config}/state`]: 'Done',
  };
  await api.send('PATCH', `/api/v1/nodes/${node}`, { metadata: { annotations } });
}
