import assert from 'node:assert/strict';
import { waitUntil } from '../../../lab/cluster/wait.ts';
import type { Lab } from '../../../lab/lab.ts';
import { ETCD, type EtcdResource } from '../../../lab/operator/board.ts';
import { OVERRIDE } from '../../../lab/operator/rules/gate.ts';

const MINUTE = 60_000;
export const NAMESPACE = '/api/v1/namespaces/openshift-etcd';

export function etcdResource({ api }: Lab): Promise<EtcdResource> {
  return api.get(ETCD);
}

export async function revisionOf(lab: Lab): Promise<number> {
  return (await etcdResource(lab)).status?.latestAvailableRevision ?? 0;
}

/** A merge patch of the resource's spec. */
export async function patchSpec({ api }: Lab, spec: object): Promise<void> {
  await api.send('PATCH', ETCD, { spec });
}

export async function override(lab: Lab, state: 'on' | 'off'): Promise<void> {
  await patchSpec(lab, { unsupportedConfigOverrides: state === 'on' ? { [OVERRIDE]: true } : null });
}

export async function conditionOf(lab: Lab, type: string) {
  return (await etcdResource(lab)).status?.conditions?.find((each) => each.type === type);
}

/** `etcdctl member list`, a line for each. */
export async function memberLines(lab: Lab, asker: string): Promise<string[]> {
  return (await lab.etcdctl(asker, ['member', 'list'])).trim().split('\n');
}

export interface SecretObject {
  metadata: { uid: string; annotations: Record<string, string> };
  data: Record<string, string>;
}

export function secretOf({ api }: Lab, name: string): Promise<SecretObject> {
  return api.get(`${NAMESPACE}/secrets/${name}`);
}

/** What the operator has noted on a certificate; the node's address is the first. */
export async function hostnamesOfSecret(lab: Lab, name: string): Promise<string[]> {
  const { annotations } = (await secretOf(lab, name)).metadata;
  return (annotations['auth.openshift.io/certificate-hostnames'] ?? '').split(',');
}

/** Waits for a condition with that status whose message matches; resolves to its reason and message. */
export async function untilCondition(
  lab: Lab,
  type: string,
  status: string,
  message = /(?:)/,
  minutes = 5,
): Promise<{ reason: string | undefined; message: string | undefined }> {
  let found: { reason: string | undefined; message: string | undefined } | undefined;
  await until(`${type} ${status} ${message.source}`, minutes, async () => {
    const now = await conditionOf(lab, type);
    if (now?.status !== status || !message.test(now.message ?? '')) return JSON.stringify(now);
    found = { reason: now.reason, message: now.message };
    return true;
  });
  assert.ok(found);
  return found;
}

/** Waits until every node has the latest revision, and it is at least that one. */
export async function untilSettled(lab: Lab, atLeast: number, minutes = 10): Promise<void> {
  await until(`revision ${atLeast} on every node`, minutes, async () => {
    const { status } = await etcdResource(lab);
    const latest = status?.latestAvailableRevision ?? 0;
    const nodes = status?.nodeStatuses ?? [];
    if (latest >= atLeast && nodes.every(({ currentRevision }) => currentRevision === latest)) return true;
    return `${latest}: ${JSON.stringify(nodes)}`;
  });
}

/** Waits for three voters that all answer a linearizable read, asked on `asker`. */
export async function untilThreeVoters(lab: Lab, asker: string, minutes = 10): Promise<void> {
  await until('three healthy voters', minutes, async () => {
    const members = await memberLines(lab, asker);
    const voters = members.filter((line) => line.endsWith('false') && line.includes(', started, '));
    if (voters.length !== 3 || members.length !== 3) return members.join('\n');
    const endpoints = voters.map((line) => line.split(', ')[4]).join(',');
    await lab.etcdctl(asker, [`--endpoints=${endpoints}`, 'endpoint', 'health']);
    return true;
  });
}

export function until(what: string, minutes: number, probe: () => Promise<true | string>): Promise<void> {
  return waitUntil(what, probe, { withinMs: minutes * MINUTE, everyMs: 1000 });
}
