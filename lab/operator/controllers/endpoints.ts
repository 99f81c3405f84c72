import { askGate, type Sync } from '../context.ts';
import { apply } from '../objects.ts';
import { endpointsOf } from '../rules/members.ts';

const TYPE = 'EtcdEndpointsDegraded';

/** EtcdEndpointsController: the ConfigMap by which the removal controller, and every new pod, knows the members. */
export const syncEndpoints: Sync = async (view, operator) => {
  const { board, profile, due, api } = operator;
  const members = operator.liveMembers();
  const gate = askGate('endpoints', view, operator);
  if (members === undefined || gate === undefined) return;
  const degraded = (message: string) =>
    board.report({ type: TYPE, status: 'True', reason: 'ErrorUpdatingEtcdEndpoints', message });
  if (gate !== 'open') {
    return degraded(`EtcdEndpointsController can't evaluate whether quorum is safe: ${gate.why}`);
  }
  const data = endpointsOf(members, view.masters, profile.endpointsFallBack);
  if (!data) return degraded(`failed to get member list: ${typeof members === 'string' ? members : ''}`);
  board.report({ type: TYPE, status: 'False', reason: 'EtcdEndpointsUpdated' });
  const before = view.object('configmap', 'etcd-endpoints');
  const need = JSON.stringify(data);
  const isCurrent = JSON.stringify(sorted(before?.data)) === JSON.stringify(sorted(data));
  if (!due('etcd-endpoints', isCurrent ? undefined : need, before ? profile.lag.endpoints : 0)) return;
  await apply(api, before, { kind: 'configmap', name: 'etcd-endpoints', data });
  operator.log(`etcd-endpoints: ${need}`);
};

function sorted(data: Readonly<Record<string, string>> = {}): [string, string][] {
  return Object.entries(data).toSorted(([a], [b]) => a.localeCompare(b));
}
