import { ETCD_CERTS } from '../cluster/paths.ts';
import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';
import { during } from '../host/progress.ts';
import { membersWithout, peerUrlOf, survivorOf } from './etcd-members.ts';
import type { Fault } from './fault.ts';
import { on } from './node-health.ts';

/** Nobody has it: the last of the lab's addresses. */
const NOBODY = 254;

/** What a replacement by hand leaves that was given up after `member add`. */
export const etcdLearnerLeft: Fault = {
  name: 'etcd-learner-left',
  sentence: 'Somebody has added a learner to etcd at an address that no node has, and it never started.',
  symptom: 'etcdctl member list shows a fourth member, unstarted; the operator adds and promotes nobody.',
  heal: 'Remove the learner.',

  async break(lab, node, { progress, signal }) {
    const asker = survivorOf(lab, node);
    await during(progress, 'a learner added that never starts', () =>
      waitUntil('the learner', () => addLearner(lab, node, asker), { withinMs: 60_000, signal }),
    );
  },

  async healByForce(lab, node) {
    for (const { id, peerUrl } of await membersWithout(lab, node)) {
      if (peerUrl === learnerUrl(lab)) await lab.etcdctl(survivorOf(lab, node), ['member', 'remove', id]);
    }
  },
};

function learnerUrl({ settings }: Lab): string {
  return peerUrlOf(`${settings.subnet}.${NOBODY}`);
}

async function addLearner(lab: Lab, node: string, asker: string): Promise<true> {
  const there = (await membersWithout(lab, node)).some(({ peerUrl }) => peerUrl === learnerUrl(lab));
  if (there) return true;
  await lab.etcdctl(asker, ['member', 'add', 'left-over', '--learner', `--peer-urls=${learnerUrl(lab)}`]);
  return true;
}

/** Raised by hand, and as real: from then on etcd refuses every write, so the nodes' leases run out after 40 s. */
export const etcdNoSpace: Fault = {
  name: 'etcd-no-space',
  sentence: "The node's etcd member has raised the alarm NOSPACE, and etcd takes no more writes.",
  symptom:
    'Every write to the API fails with "etcdserver: mvcc: database space exceeded"; etcdctl alarm list shows NOSPACE; ' +
    'after 40 s all Nodes are Unknown.',
  heal: 'Disarm the alarm.',

  async break(lab, node, { progress }) {
    await during(progress, `${node}: alarm NOSPACE raised`, () => raise(lab, node));
    // Asked at the member that has raised it: another one may be the one that is broken.
    const alarms = await lab.etcdctl(node, ['alarm', 'list']);
    if (!alarms.includes('NOSPACE')) throw new Error(`the alarm is not raised: ${alarms.trim() || 'none'}`);
  },

  async healByForce(lab, node) {
    await lab.etcdctl(node, ['alarm', 'disarm']);
  },
};

/** Over the JSON gateway: etcdctl can disarm an alarm and not raise one. */
async function raise(lab: Lab, node: string): Promise<void> {
  const status = await lab.etcdctl(node, ['endpoint', 'status', '-w', 'fields']);
  const [, memberID] = /"MemberID" : (\d+)/.exec(status) ?? [];
  if (memberID === undefined) throw new Error(`${node}: its member does not say its id: ${status}`);
  const body = JSON.stringify({ action: 'ACTIVATE', memberID, alarm: 'NOSPACE' });
  const certs = `${ETCD_CERTS}/secrets/etcd-all-certs/etcd-peer-${node}`;
  const ca = `${ETCD_CERTS}/configmaps/etcd-all-bundles/server-ca-bundle.crt`;
  const tls = ['--cacert', ca, '--cert', `${certs}.crt`, '--key', `${certs}.key`];
  const url = 'https://localhost:2379/v3/maintenance/alarm';
  await on(lab, node, 'curl', '-sS', '--fail-with-body', '--max-time', '10', ...tls, '-d', body, url);
}
