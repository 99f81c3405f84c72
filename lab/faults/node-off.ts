import { waitUntil } from '../cluster/wait.ts';
import { during } from '../host/progress.ts';
import { plugCable } from '../node/network.ts';
import { pullPlug, startNode } from '../node/node.ts';
import type { Fault } from './fault.ts';
import { untilHealthy, untilUnknown } from './node-health.ts';

export const nodeOff: Fault = {
  name: 'node-off',
  sentence: 'The node has lost its power: nothing on it runs, nothing answers at its address.',
  symptom:
    'ssh says "No route to host"; the Node turns Unknown after 45 s and its mirror pods stay Running; ' +
    'etcd has two of three members.',
  heal: 'Switch the node on again; what was synced to its disk is there.',

  async break(lab, node, { progress, signal, untilNodeUnknown }) {
    await during(progress, `${node}: off`, async () => {
      await pullPlug(lab.settings, node);
      // The network namespace outlives the node, and the kernel would go on answering for it.
      await plugCable(lab.settings, node, 'down');
      const probe = async () =>
        (await lab.ssh(node, ['true'], { signal })).code === 255 || 'ssh still answers';
      await waitUntil(`${node}: off`, probe, { withinMs: 30_000, signal });
    });
    if (!untilNodeUnknown) return;
    await during(progress, `${node}: the Node is Unknown`, () => untilUnknown(lab, node, signal), {
      usually: '45 s',
    });
  },

  async healByForce(lab, node, { progress, signal }) {
    const since = new Date();
    await plugCable(lab.settings, node, 'up');
    await startNode(lab.settings, node);
    await during(progress, `${node}: healthy`, () => untilHealthy(lab, node, since, signal), {
      usually: '20 s',
    });
  },
};
