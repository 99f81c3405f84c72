import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { askGate, type Sync } from '../context.ts';
import { apply } from '../objects.ts';
import { etcdPodTemplate } from '../pods/etcd-pod.ts';
import type { Content } from '../rules/revisions.ts';

const TYPE = 'TargetConfigControllerDegraded';
const PODS = join(import.meta.dirname, '../pods');

/**
 * TargetConfigController: the static pod out of the nodes' addresses and `etcd-endpoints`. A changed InternalIP alone
 * rewrites it (on 4.16 only when the gate is open); it becomes real with the next revision.
 */
export const syncTargetConfig: Sync = async (view, operator) => {
  const { api, board, profile, images, due } = operator;
  const gate = askGate('pod', view, operator);
  const endpoints = view.object('configmap', 'etcd-endpoints')?.data;
  if (!endpoints || gate === undefined) return;
  if (gate !== 'open') {
    const message = `TargetConfigController can't evaluate whether quorum is safe: ${gate.why}`;
    return board.report({ type: TYPE, status: 'True', reason: 'SynchronizationError', message });
  }
  board.report({ type: TYPE, status: 'False' });
  const template = etcdPodTemplate({
    masters: view.masters,
    endpoints: Object.values(endpoints),
    images,
    profile,
  });
  const data = {
    'pod.yaml': JSON.stringify(template, null, 2),
    // Part of the content, so that a new reason is a new revision; the same reason again is nothing new.
    forceRedeploymentReason: view.etcd.spec?.forceRedeploymentReason ?? '',
    version: profile.version,
  };
  const before = view.object('configmap', 'etcd-pod');
  await apply(api, view.object('configmap', 'etcd-scripts'), {
    kind: 'configmap',
    name: 'etcd-scripts',
    data: scripts(),
  });
  const isCurrent = before !== undefined && sameContent(before.data ?? {}, data);
  const need = isCurrent ? undefined : JSON.stringify(data);
  if (!due('etcd-pod', need, before ? profile.lag.pod : 0)) return;
  await apply(api, before, { kind: 'configmap', name: 'etcd-pod', data });
  operator.log('etcd-pod written');
};

function scripts(): Content {
  const files = ['etcd-start.sh', 'etcd-rev.sh'];
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(PODS, file), 'utf8')]));
}

function sameContent(left: Content, right: Content): boolean {
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].every((key) => left[key] === right[key]);
}
