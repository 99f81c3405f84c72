import { waitUntil } from '../cluster/wait.ts';
import { during } from '../host/progress.ts';
import type { Fault } from './fault.ts';
import { on } from './node-health.ts';

export const sshClosed: Fault = {
  name: 'ssh-closed',
  sentence: 'Nobody answers on the ssh port of the node; everything else on it works.',
  symptom: 'ssh says "Connection refused" and ends with exit code 255; the Node stays Ready.',
  heal: 'Start sshd on the node.',

  async break(lab, node, { progress, signal }) {
    await during(progress, `${node}: ssh closed`, async () => {
      await on(lab, node, 'systemctl', 'stop', 'ssh.socket', 'ssh.service');
      // A shared connection that is open would go on working, which is not what "unreachable" means.
      await lab.sh(node, ['pkill', '-KILL', 'sshd-session']);
      const probe = async () => {
        const { code } = await lab.ssh(node, ['true'], { signal });
        return code === 255 || `ssh ended with exit code ${code}`;
      };
      await waitUntil(`${node}: ssh refused`, probe, { withinMs: 30_000, signal });
    });
  },

  async healByForce(lab, node, { progress, signal }) {
    await during(progress, `${node}: ssh answers`, async () => {
      await on(lab, node, 'systemctl', 'start', 'ssh.service');
      const probe = async () => {
        const { code, stderr } = await lab.ssh(node, ['true'], { signal });
        return code === 0 || stderr.trim();
      };
      await waitUntil(`${node}: ssh answers`, probe, { withinMs: 30_000, signal });
    });
  },
};
