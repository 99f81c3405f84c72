import { waitUntil } from '../cluster/wait.ts';
import { during } from '../host/progress.ts';
import type { Fault } from './fault.ts';
import { startKubelet, stopKubelet } from './kubelet-unit.ts';
import { untilHealthy, untilUnknown } from './node-health.ts';

export const kubeletStopped: Fault = {
  name: 'kubelet-stopped',
  sentence: 'The kubelet is stopped; its credentials are all right.',
  symptom:
    'systemctl says inactive; the Node turns Unknown after 45 s; the static pods go on, and their mirror pods stay.',
  heal: 'Start the kubelet.',

  async break(lab, node, { progress, signal, untilNodeUnknown }) {
    await during(progress, `${node}: kubelet stopped`, async () => {
      await stopKubelet(lab, node);
      const probe = async () => {
        const { stdout } = await lab.sh(node, ['systemctl', 'is-active', 'kubelet']);
        return stdout.trim() === 'inactive' || `the unit is ${stdout.trim()}`;
      };
      await waitUntil(`${node}: kubelet inactive`, probe, { withinMs: 30_000, signal });
    });
    if (!untilNodeUnknown) return;
    await during(progress, `${node}: the Node is Unknown`, () => untilUnknown(lab, node, signal), {
      usually: '45 s',
    });
  },

  async healByForce(lab, node, { progress, signal }) {
    const since = new Date();
    await startKubelet(lab, node);
    await during(progress, `${node}: healthy`, () => untilHealthy(lab, node, since, signal), {
      usually: '10 s',
    });
  },
};
