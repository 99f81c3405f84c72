import { MANIFESTS } from '../cluster/paths.ts';
import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';
import { during } from '../host/progress.ts';
import { ETCD, type EtcdResource } from '../operator/board.ts';
import { addressOf } from '../settings.ts';
import { changeAddress, etcdAddressChange } from './etcd-address-change.ts';
import type { Fault, FaultOptions } from './fault.ts';
import { on } from './node-health.ts';

/** Shorter than the operator is blind: its member cache still holds three healthy members when the node is back. */
const UNNOTICED_MS = 5_000;

/** Run D of the measurements: the operator of `main` heals it alone in minutes, which a recovery has to notice. */
export const etcdAddressChangeFast: Fault = {
  name: 'etcd-address-change-fast',
  sentence: 'The node came back with another address within seconds, before the etcd operator missed it.',
  symptom:
    'As etcd-address-change at first; with platform main the operator may make its revision, remove the old member and add the new one by itself within minutes.',
  heal: etcdAddressChange.heal,
  break: (lab, node, options) => changeAddress(lab, node, { ...options, downMs: UNNOTICED_MS }),
  healByForce,
};

/** Run J: certificates and removal wait for a roll-out that waits for the member. */
export const etcdAddressChangeMidRollOut: Fault = {
  name: 'etcd-address-change-mid-roll-out',
  sentence:
    "The node's address changed while a revision was being rolled out, and its certificates keep the old one.",
  symptom:
    'The pod is made for the new address, the certificates in etcd-all-certs name the old one; the operator skips both ' +
    'certificates and removal "due to revision in progress", and the roll-out never ends.',
  heal: etcdAddressChange.heal,

  async break(lab, node, options) {
    const { progress, signal } = options;
    if (lab.platform !== 'main') throw new Error('Only the operator of platform main has this trap.');
    if (lab.address(node) === addressOf(lab.settings, node)) {
      const text = 'a roll-out under way';
      await during(progress, text, () => beginRollOut(lab, node, signal), { usually: '30 s' });
    }
    await changeAddress(lab, node, { ...options, downMs: UNNOTICED_MS });
    const text = `${node}: its pod is made for the new address`;
    const made = async () =>
      (await on(lab, node, 'cat', `${MANIFESTS}/etcd-pod.yaml`)).includes(`"${lab.address(node)}"`) ||
      'not yet';
    await during(progress, text, () => waitUntil(text, made, { withinMs: 10 * 60_000, signal }), {
      usually: '3 min',
    });
  },
  healByForce,
};

/** The way back does not depend on when the address changed. */
function healByForce(lab: Lab, node: string, options: FaultOptions): Promise<void> {
  return etcdAddressChange.healByForce(lab, node, options);
}

async function beginRollOut({ api }: Lab, node: string, signal: FaultOptions['signal']): Promise<void> {
  const latest = async () => (await api.get<EtcdResource>(ETCD)).status?.latestAvailableRevision ?? 0;
  const before = await latest();
  const forceRedeploymentReason = `${node} at ${new Date().toISOString()}`;
  await api.send('PATCH', ETCD, { spec: { forceRedeploymentReason } });
  const newer = async () => (await latest()) > before || 'no new revision yet';
  await waitUntil('a new revision', newer, { withinMs: 2 * 60_000, everyMs: 500, signal });
}
