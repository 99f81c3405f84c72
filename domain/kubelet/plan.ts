import type { KubeletEvidence } from '../control-plane.ts';
import type { KubeletPins, KubeletPlan, PlanStep } from '../plan.ts';
import { isDurable } from './bootstrap.ts';
import { bootstrapPath, kubeconfigPath, withdrawable } from './names.ts';
import { pauseRemediators, resumeRemediators, verifyPlatform, watchRenewal } from './plan-steps-around.ts';
import { adminBootstrap, adminKubeconfig, followUp, verifyServing } from './plan-steps-break-glass.ts';
import {
  approveRequest,
  fileRequest,
  installCertificate,
  makeKey,
  relink,
  withdrawAdmin,
} from './plan-steps-rungs.ts';
import { approveCsr, backup, bootstrap, graduate, restart, verify, verifyGraduated } from './plan-steps.ts';
import { residualRiskOf } from './residual-risk.ts';
import type { Rung } from './rung.ts';

/** What a plan is made of. All of it stays the same while the fault does. */
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
  'relink-certificate.sh',
  'make-kubelet-key.sh',
  'install-certificate.sh',
  'withdraw-admin.sh',
  'install-admin.sh',
];

/**
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
    steps: stepsOf(input),
    proof: proofOf(input),
    residualRisk: residualRiskOf(input),
    pins,
  };
}

type Step = (input: PlanInput) => PlanStep;

/** What stands between the backup and the restart, and what brings the certificate after it. */
const ways: Record<Exclude<Rung, 'R0' | 'R4b'>, { before: Step[]; after: Step[] }> = {
  R1: { before: [relink], after: [] },
  G: { before: [], after: [] },
  R2a: { before: [], after: [approveCsr] },
  R2b: { before: [bootstrap], after: [approveCsr] },
  R3: { before: [makeKey, fileRequest, approveRequest, installCertificate], after: [] },
  R4a: { before: [adminBootstrap], after: [] },
};

function stepsOf(input: PlanInput): PlanStep[] {
  const { remediators = [], platform, rung } = input.pins;
  const [first, ...others] = stepsFor(input) as [Step, ...Step[]];
  const steps =
    remediators.length === 0 ? [first, ...others] : [first, pauseRemediators, ...others, resumeRemediators];
  return [...steps, ...(platform && rung !== 'R4b' ? [verifyPlatform] : [])].map((step) => step(input));
}

function stepsFor(input: PlanInput): Step[] {
  const { rung = 'R2b' } = input.pins;
  const end = [
    ...(needsGraduation(input) && !graduatesFirst(input) ? [graduate] : []),
    verifyGraduated,
    ...(givesCertificate[rung] ? [watchRenewal] : []),
  ];
  if (needsNoRestart(input)) return [backup, ...(holdsAdmin(input) ? [withdrawAdmin] : []), verify, ...end];
  if (rung === 'R0') return [backup, approveCsr, verify, ...end];
  // The watch stands before anything is lent: a run that dies after that must not be the only one who knew.
  if (rung === 'R4b') return [backup, followUp, adminKubeconfig, restart, verifyServing];
  const { before, after } = ways[rung];
  const first = graduatesFirst(input) ? [graduate] : [];
  const goBack = holdsAdmin(input) ? [withdrawAdmin, restartAfterWithdrawal] : [restart];
  return [backup, ...first, ...before, ...goBack, ...after, verify, ...end];
}

/** Whether its new certificate is one that it has never renewed yet. R4b has its own watch, which stays for that. */
const givesCertificate: Record<Rung, boolean> = {
  R0: true,
  R1: false,
  G: false,
  R2a: true,
  R2b: true,
  R3: true,
  R4a: true,
  R4b: false,
};

/** Only where nothing that the kubelet reads is changed, and it need not write a kubeconfig either. */
function needsNoRestart(input: PlanInput): boolean {
  return input.pins.rung === 'G' && !isReadByKubelet(input) && !graduatesFirst(input);
}

/** A kubelet that runs reads its kubeconfig and its certificates, and the bootstrap file only when it has neither. */
function isReadByKubelet({ kubelet }: Pick<PlanInput, 'kubelet'>): boolean {
  return kubelet.adminCredentials.some((path) => path === kubeconfigPath || path.endsWith('.pem'));
}

/** The point of no return lies before it then. */
function restartAfterWithdrawal(input: PlanInput): PlanStep {
  const { pointOfNoReturn: _, ...step } = restart(input);
  return step;
}

function holdsAdmin({ kubelet }: Pick<PlanInput, 'kubelet'>): boolean {
  return kubelet.adminCredentials.some((path) => withdrawable(path) && path !== bootstrapPath);
}

function needsGraduation({ kubelet, pins }: PlanInput): boolean {
  if (pins.bootstrapOwed) return false;
  return pins.rung === 'R2b' || pins.rung === 'R4a' || !isDurable(kubelet, pins.server);
}

/** A kubelet without a kubeconfig writes one from the bootstrap file: that must be the right one by then. */
function graduatesFirst(input: PlanInput): boolean {
  const { rung } = input.pins;
  if (rung !== 'R1' && rung !== 'G' && rung !== 'R3') return false;
  return needsGraduation(input) && input.pins.source !== undefined;
}

function proofOf({ pins }: PlanInput): string[] {
  const serves = [
    'a fresh lease, and the Node Ready',
    "a mirror pod for every manifest, with the manifest's hash and a status newer than the restart",
    'etcd and API server on this master healthy',
  ];
  if (pins.rung === 'R4b') return serves;
  return [
    `the kubelet's own certificate: O=system:nodes, CN=${pins.csr.commonName}, and the API server takes it for that`,
    `a canonical kubeconfig that points at ${pins.server}`,
    ...serves,
    ...(pins.bootstrapOwed ? [] : ['a bootstrap file that is accepted and whose credential does not expire']),
    'no temporary credential and no certificate of system:masters left behind',
    ...(pins.platform
      ? ['the operators settled: guards ready, revisions equal, nothing degraded, metal3 available']
      : []),
  ];
}
