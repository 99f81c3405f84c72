import { waitUntil } from '../cluster/wait.ts';
import { during } from '../host/progress.ts';
import { hierarchies, setFrozen } from '../node/cgroups.ts';
import type { Fault } from './fault.ts';
import { untilHealthy, untilUnknown } from './node-health.ts';

export const nodeFrozen: Fault = {
  name: 'node-frozen',
  sentence: 'The node hangs: every process on it stands still, while its address still accepts connections.',
  symptom: 'ssh hangs until it is cut; the Node turns Unknown after 45 s; etcd has two of three members.',
  heal: 'Let the processes go on.',

  async break(lab, node, { progress, signal, untilNodeUnknown }) {
    await during(progress, `${node}: frozen`, async () => {
      setFrozen(hierarchies(), lab.settings.prefix, node, true);
      const cut = async () =>
        lab.ssh(node, ['true'], { signal, timeoutMs: 2000 }).then(
          ({ code }) => code === 255 || 'ssh still answers',
          () => true as const,
        );
      await waitUntil(`${node}: ssh hangs`, cut, { withinMs: 30_000, signal });
    });
    if (!untilNodeUnknown) return;
    await during(progress, `${node}: the Node is Unknown`, () => untilUnknown(lab, node, signal), {
      usually: '45 s',
    });
  },

  async healByForce(lab, node, { progress, signal }) {
    const since = new Date();
    setFrozen(hierarchies(), lab.settings.prefix, node, false);
    await during(progress, `${node}: healthy`, () => untilHealthy(lab, node, since, signal), {
      usually: '10 s',
    });
  },
};
