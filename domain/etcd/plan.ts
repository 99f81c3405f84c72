import type { PlanBase, PlanStep } from '../plan.ts';
import type { EtcdPins } from './pins.ts';
import { pinsFor, type PlanInput } from './pinning.ts';
import {
  awaitRollOut,
  awaitVoter,
  copyOffNode,
  overrideLease,
  pauseRemediators,
  quarantine,
  removeMember,
  renewCertificates,
  resumeRemediators,
  snapshot,
  updateMember,
  verify,
} from './plan-steps.ts';
import type { EtcdObjection } from './refusal.ts';
import { residualRisk } from './residual-risk.ts';
import { needsOverride, needsQuarantine, needsUpdate, type Strategy } from './strategy.ts';

/** What is done about one member: printed, approved by its digest, executed as it stands. */
export interface EtcdPlan extends PlanBase {
  runbook: 'EtcdRecovery';
  pins: EtcdPins;
}

/**
 * Only the steps that this case needs. No times, counters or revisions: two looks at the same fault must give the same digest,
 * for else no vote would ever hold.
 */
export function planEtcdRecovery(input: PlanInput): EtcdPlan | EtcdObjection {
  const pins = pinsFor(input);
  if ('reason' in pins) return pins;
  const { fault, assessment } = input;
  return {
    runbook: 'EtcdRecovery',
    cluster: assessment.observation.cluster,
    target: fault.node,
    because: `${fault.sentence}. ${strategyWords(pins)}`,
    steps: stepsFor(input, pins),
    proof: proofFor(pins),
    residualRisk: residualRisk(pins, assessment),
    pins,
  };
}

/** Whatever can be taken back comes before what cannot. */
function stepsFor({ fault, standing, assessment: { rollOut } }: PlanInput, pins: EtcdPins): PlanStep[] {
  const { strategy, certificates, remediators } = pins;
  const renews = certificates.cure === 'delete-secrets' || certificates.cure === 'drop-from-all-certs';
  const overrides = rollOut !== undefined && needsOverride(fault, rollOut);
  const rolls = overrides || renews || rollOut?.state === 'moving';
  const steps: [boolean, (pins: EtcdPins) => PlanStep][] = [
    [true, snapshot],
    [true, copyOffNode],
    [remediators.length > 0, pauseRemediators],
    [needsQuarantine(fault, standing), quarantine],
    [renews, renewCertificates],
    [strategy === 'replace' && fault.member !== undefined, removeMember],
    [strategy === 'in-place' && needsUpdate(fault), updateMember],
    [overrides, overrideLease],
    [rolls, awaitRollOut],
    [true, awaitVoter],
    [true, verify],
    [remediators.length > 0, resumeRemediators],
  ];
  return steps.filter(([needed]) => needed).map(([, step]) => step(pins));
}

function strategyWords({ strategy, target }: EtcdPins): string {
  return strategy === 'replace' && target.member === undefined
    ? 'So nothing is removed: the operator is brought to add a new one.'
    : strategies[strategy];
}

const strategies: Record<Strategy, string> = {
  replace: 'It is removed, and the operator adds a new one in its place.',
  'in-place':
    'It keeps its identity and its data and is told its new address, as this cluster’s policy asks for; the platform’s vendor does not document this.',
  rewrite: 'Its data is sound, so the member stays, and the operator writes its files anew.',
};

function proofFor({ target, survivors, certificates, strategy }: EtcdPins): string[] {
  const voters = survivors.length + 1;
  return [
    `${voters} voters and nobody else, one of them at ${target.addresses.join(' or ')}, each healthy as every other reaches it`,
    ...(strategy === 'replace' && target.member ? [`member ${target.member.id} is listed by nobody`] : []),
    'one leader, one term, a small gap between the members, no alarm',
    'the same hash of the data on every member at one revision',
    `certificates for ${target.addresses.join(', ')}, in the secrets${certificates.cure === 'none' ? '' : ', renewed,'} and inside etcd-all-certs`,
    'the operator’s conditions settled and every node at its newest revision',
    'unsupportedConfigOverrides exactly as it was before',
  ];
}
