import type { Fault } from './fault.ts';
import { bootstrapRejected } from './bootstrap-credential.ts';
import { healCredential } from './kubelet-credential.ts';
import { kubeletCertificates } from './kubelet-certificates.ts';

/** What a weekend without a working signer leaves behind. */
export const allMastersExpired: Fault = {
  name: 'all-masters-expired',
  sentence:
    'The client certificates of all three kubelets have expired, and their bootstrap tokens are rejected.',
  symptom:
    'All three Nodes turn Unknown; etcd and the API go on, and nothing new can be started or stopped anywhere.',
  heal: 'Put certificate, kubeconfig and bootstrap file of every master back from the copies outside it.',

  async break(lab, _node, options) {
    const each = async (fault: Fault) => {
      await Promise.all(lab.masters.map((master) => fault.break(lab, master, options)));
    };
    await each(bootstrapRejected);
    for (const fault of kubeletCertificates)
      if (fault.name === 'kubelet-certificate-expired') await each(fault);
  },

  async healByForce(lab, _node, options) {
    for (const master of lab.masters) await bootstrapRejected.healByForce(lab, master, options);
    // All at once: none of them waits for another.
    await Promise.all(lab.masters.map((master) => healCredential(lab, master, options)));
  },
};
