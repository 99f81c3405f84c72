import { mastersGroup } from './identity.ts';
import { backupDirectory } from './names.ts';
import type { PlanInput } from './plan.ts';

/** What remains afterwards that a person should know, by what the rung has done. */
export function residualRiskOf(input: PlanInput): string[] {
  const { node, pins } = input;
  return [
    ...ofRung(input),
    `The backup ${backupDirectory(pins.runId)} stays on ${node} until a person deletes it.`,
    `What removed the certificate of ${node} is not known to this run: find out, or it happens again.`,
    'The kubelet renews its certificate by itself at 70 to 90 % of its life; the first renewal has not been seen yet, and the workflow KubeletFollowUp looks for it where the certificate is new.',
    `On OpenShift the machine-config-daemon marks ${node} as accessed by ssh: that was this run.`,
  ];
}

function ofRung({ node, pins }: PlanInput): string[] {
  const owed = pins.bootstrapOwed
    ? [
        `No durable bootstrap file can be made now, since its secret is not usable: after the next loss ${node} cannot help itself. Restore the secret, then recover again.`,
      ]
    : [];
  switch (pins.rung ?? 'R2b') {
    case 'R2b':
      return [
        `The token minted for this stays valid for up to one hour after it was made, though no file on ${node} holds it any more. It can do nothing but file certificate requests that nobody approves by itself.`,
      ];
    case 'R4a':
      return [
        `Between the restart and step graduate ${node} holds cluster-admin (${mastersGroup}) in its bootstrap file; whoever reads that file then is cluster-admin. The audit log shows what was done as system:admin meanwhile.`,
      ];
    case 'R4b':
      return [
        `${node} runs as cluster-admin (${mastersGroup}) until it is graduated: no authorizer restrains it, no flow control slows it, and whatever mounts /var/lib/kubelet is cluster-admin too. This is owed, and KubeletFollowUp keeps asking for it.`,
        'The certificate in that kubeconfig is never renewed there: when it ends, the outage comes back.',
      ];
    case 'R0':
    case 'R1':
    case 'G':
    case 'R2a':
    case 'R3':
      return owed;
  }
}
