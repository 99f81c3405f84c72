import type { KubeletEvidence } from '../control-plane.ts';
import type { KubeletPins, KubeletPlan } from '../plan.ts';
import { backupDirectory, csrPredicate } from './names.ts';
import { approveCsr, backup, bootstrap, graduate, restart, verify, verifyGraduated } from './plan-steps.ts';

/** What the plan for rung R2b is made of. All of it stays the same while the fault does. */
export interface PlanInput {
  cluster: string;
  node: string;
  /** One sentence without anything volatile: it is part of what is approved. */
  because: string;
  kubelet: KubeletEvidence;
  pins: KubeletPins;
}

/** The node scripts that a plan rests on; a worker that cannot name the hash of one of them gets no plan. */
export const planScripts = [
  'observe-kubelet.sh',
  'back-up-kubelet.sh',
  'install-bootstrap.sh',
  'restart-kubelet.sh',
  'restore-kubelet.sh',
  'conclude-run.sh',
];

/** Undefined when something that the acts must be pinned to is not in the evidence. */
export function pinsFor(
  node: string,
  kubelet: KubeletEvidence,
  run: Pick<KubeletPins, 'runId' | 'scripts'>,
): KubeletPins | undefined {
  const { kubeconfig, bootstrap: present } = kubelet;
  // A file that cannot be parsed has no hash in the evidence, so nothing could be pinned to it.
  if (kubeconfig.state !== 'present' || present.file.state === 'unreadable') return undefined;
  return {
    ...run,
    server: kubeconfig.server,
    caSha256: kubeconfig.caSha256,
    bootstrapSha256: present.file.state === 'present' ? present.file.sha256 : 'missing',
    csr: csrPredicate(node),
  };
}

/**
 * Rung R2b: a new short-lived bootstrap credential, the one request that follows from it, and a durable bootstrap file.
 * No times, counters, process ids or request names: two looks at the same fault must give the same digest, for else no
 * vote would ever hold.
 */
export function planRecovery(input: PlanInput): KubeletPlan {
  const { cluster, node, because, pins } = input;
  return {
    runbook: 'KubeletAuthRecovery',
    cluster,
    target: node,
    because,
    steps: [
      backup(input),
      bootstrap(input),
      restart(input),
      approveCsr(input),
      verify(input),
      graduate(input),
      verifyGraduated(input),
    ],
    proof: [
      `the kubelet's own certificate: O=system:nodes, CN=${pins.csr.commonName}`,
      `a canonical kubeconfig that points at ${pins.server}`,
      'a fresh lease, and the Node Ready',
      "a mirror pod for every manifest, with the manifest's hash and a status newer than the restart",
      'etcd and API server on this master healthy',
      'a bootstrap file that is accepted and whose token does not expire',
      'no temporary credential and no certificate of system:masters left behind',
    ],
    residualRisk: residualRisk(input),
    pins,
  };
}

function residualRisk({ node, pins }: PlanInput): string[] {
  return [
    `The token minted for this stays valid for up to one hour after it was made, though no file on ${node} holds it any more. It can do nothing but file certificate requests that nobody approves by itself.`,
    `The backup ${backupDirectory(pins.runId)} stays on ${node} until a person deletes it.`,
    `What removed the certificate of ${node} is not known to this run: find out, or it happens again.`,
    'The kubelet renews its certificate by itself at 70 to 90 % of its life; the first renewal has not been seen yet.',
    `On OpenShift the machine-config-daemon marks ${node} as accessed by ssh: that was this run.`,
  ];
}
