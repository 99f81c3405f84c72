import type { Sync } from '../context.ts';
import { create, NAMESPACE, remove } from '../objects.ts';
import type { PodObject } from '../operand.ts';
import { guardPod } from '../pods/guard-pod.ts';
import { guardCondition } from '../rules/conditions.ts';

const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;

/** GuardController: a guard for every etcd pod, made anew when the pod's address has changed. */
export const syncGuards: Sync = async (view, { api, board, images }) => {
  board.report(guardCondition(view.masters, view.operands));
  for (const operand of view.operands) {
    const name = `etcd-guard-${operand.node}`;
    const guard = view.pods.find(({ metadata }) => metadata.name === name);
    if (operand.podIp === '' || guard?.metadata.deletionTimestamp) continue;
    if (!guard) await create(api, PODS, guardPod(operand, images.etcdImage));
    else if (probedBy(guard) !== operand.podIp) await remove(api, `${PODS}/${name}`);
  }
};

function probedBy({ spec }: PodObject): string | undefined {
  return spec.containers?.[0]?.readinessProbe?.httpGet?.host;
}
