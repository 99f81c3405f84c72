import assert from 'node:assert/strict';
import { nodePodNamespace } from '../../../activities/connections/node-pod.ts';
import type { Lab } from '../../../lab/lab.ts';
import { etcdResource, until } from './etcd-operator.ts';

/** What a recovery must leave as it was, in a form that can be compared. */
export interface Surroundings {
  /** `spec.unsupportedConfigOverrides`, as the API writes it; `undefined`: the field is not there. */
  overrides: string | undefined;
  /** MachineHealthChecks and NodeHealthChecks: their specs and annotations. */
  remediators: string[];
  /** Pods, secrets and config maps by name, without those that the operator makes and takes away by itself. */
  objects: string[];
  manifests: string[];
}

const REMEDIATORS = [
  '/apis/machine.openshift.io/v1beta1/machinehealthchecks',
  '/apis/remediation.medik8s.io/v1alpha1/nodehealthchecks',
];
const OBJECTS = ['pods', 'secrets', 'configmaps', 'serviceaccounts'];
/** Revisioned copies, and the pods that come and go with a revision. */
const COMES_AND_GOES =
  /-\d+$|^(pods|configmaps) openshift-etcd\/(installer|revision-pruner|revision-status|etcd-guard)-/;

export async function surroundings(lab: Lab): Promise<Surroundings> {
  const overrides = (await etcdResource(lab)).spec?.unsupportedConfigOverrides;
  const remediators = await Promise.all(REMEDIATORS.map((path) => remediatorsAt(lab, path)));
  const objects = await Promise.all(OBJECTS.map((plural) => objectsOf(lab, plural)));
  const manifests = await Promise.all(
    lab.masters.map(async (node) => {
      const { stdout } = await lab.sh(node, ['ls', '-A', '/etc/kubernetes/manifests']);
      return `${node}: ${stdout.trim().split('\n').join(' ')}`;
    }),
  );
  return {
    overrides: overrides === undefined ? undefined : JSON.stringify(overrides),
    remediators: remediators.flat(),
    objects: objects.flat().toSorted(),
    manifests,
  };
}

interface Item {
  metadata: { name: string; namespace?: string; annotations?: object };
  spec?: object;
}

async function remediatorsAt({ api }: Lab, path: string): Promise<string[]> {
  const { items } = await api.get<{ items: Item[] }>(path);
  return items.map(
    ({ metadata: { name, annotations = {} }, spec }) =>
      `${name} ${JSON.stringify(annotations)} ${JSON.stringify(spec)}`,
  );
}

async function objectsOf({ api }: Lab, plural: string): Promise<string[]> {
  const { items } = await api.get<{ items: Item[] }>(`/api/v1/${plural}`);
  return items
    .map(({ metadata: { name, namespace } }) => `${plural} ${namespace}/${name}`)
    .filter((line) => !COMES_AND_GOES.test(line));
}

/** Directories of a recovery on the masters, which stay on purpose: `master-2: /var/lib/etcd/quarantine-…`. */
export async function keptOn(lab: Lab): Promise<string[]> {
  const lists = await Promise.all(
    lab.masters.map(async (node) => {
      const script = 'ls -d /var/lib/etcd/quarantine-* /var/lib/etcd-recovery/* 2>/dev/null || true';
      const { stdout } = await lab.sh(node, ['sh', '-c', script]);
      return stdout
        .split('\n')
        .filter(Boolean)
        .map((path) => `${node}: ${path}`);
    }),
  );
  return lists.flat();
}

/** As the report tells a person to do it. */
export async function removeKept(lab: Lab): Promise<void> {
  for (const line of await keptOn(lab)) {
    const [node = '', path = ''] = line.split(': ');
    await lab.sh(node, ['rm', '-rf', path]);
  }
}

/** Everything is as it was, but for what was kept on purpose, and of that the report names each path. */
export async function assertNothingLeft(lab: Lab, before: Surroundings, report: string): Promise<void> {
  await untilNoNodePods(lab);
  assert.deepEqual(await surroundings(lab), before);
  for (const line of await keptOn(lab)) {
    const [node = '', path = ''] = line.split(': ');
    const told = report.split('\n').some((one) => one.includes(`${path} on ${node}`));
    assert.ok(told, `the report names ${path} on ${node}`);
  }
}

/** Those of the pod lane stay for ten seconds after their last script, for the next one. */
async function untilNoNodePods({ api }: Lab): Promise<void> {
  await until('no pod of the pod lane is left', 1, async () => {
    const { items } = await api.get<{ items: Item[] }>(`/api/v1/namespaces/${nodePodNamespace}/pods`);
    return items.length === 0 || items.map(({ metadata }) => metadata.name).join(', ');
  });
}
