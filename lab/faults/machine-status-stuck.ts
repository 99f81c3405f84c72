import type { Fault } from './fault.ts';
import { DEFAULT_KNOBS, turnKnobs } from '../platform/knobs.ts';
import type { Lab } from '../handle.ts';

export const machineStatusStuck: Fault = {
  name: 'machine-status-stuck',
  sentence:
    "Machines no longer take over their nodes' addresses, as when the provider does not know of a change.",
  symptom:
    "After an address change the Machine keeps the old address: the etcd operator adds no member for the node, and the kubelet's " +
    'new serving certificate stays unsigned.',
  heal: 'Let the Machines follow their nodes again.',

  async break(lab) {
    requirePlatform(lab);
    turnKnobs(lab.settings, { machineFollowsAfterSeconds: 'never' });
  },

  async healByForce(lab) {
    requirePlatform(lab);
    const { machineFollowsAfterSeconds } = DEFAULT_KNOBS;
    turnKnobs(lab.settings, { machineFollowsAfterSeconds });
  },
};

function requirePlatform(lab: Lab): void {
  if (lab.platform !== 'none') return;
  throw new Error('This lab has no Machines; they come with `cpr lab up --platform main` or `4.16`.');
}
