import { waitUntil } from '../cluster/wait.ts';
import { during } from '../host/progress.ts';
import type { Fault } from './fault.ts';
import { putManifestBack, takeManifest, type ManifestFault } from './manifest.ts';
import { untilHealthy } from './node-health.ts';

const MANIFEST: ManifestFault = { fault: 'etcd-member-stopped', file: 'etcd-pod.yaml', container: 'etcd' };

export const etcdMemberStopped: Fault = {
  name: MANIFEST.fault,
  sentence:
    "The node's etcd member is stopped; the other two hold the quorum, and one more failure is an outage.",
  symptom: 'etcdctl endpoint health fails for the node; its etcd mirror pod is gone; the API goes on.',
  heal: "Put etcd's manifest back on the node.",

  async break(lab, node, { progress, signal }) {
    await during(progress, `${node}: etcd stopped`, () => takeManifest(lab, node, { ...MANIFEST, signal }));
  },

  async healByForce(lab, node, { progress, signal }) {
    const text = `${node}: etcd healthy`;
    const since = new Date();
    await putManifestBack(lab, node, MANIFEST);
    const healthy = async (): Promise<true> => {
      await lab.etcdctl(node, ['endpoint', 'health']);
      return true;
    };
    await during(progress, text, () => waitUntil(text, healthy, { withinMs: 3 * 60_000, signal }), {
      usually: '15 s',
    });
    await untilHealthy(lab, node, since, signal);
  },
};
