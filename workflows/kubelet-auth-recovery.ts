import { planOf, type KubeletPlan } from '../domain/plan.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { RecoveryInput, RecoveryResult } from './messages.ts';
import { decisions, labelled, type Hands } from './steps/activities.ts';
import { conduct } from './steps/conduct.ts';
import type { Runbook } from './steps/runbook.ts';
import { isKubeletStep, kubeletProcedure } from './steps/kubelet-steps.ts';
import { now, type Run } from './steps/run.ts';
import { tellWay } from './steps/way.ts';

/**
 * Brings back a master's kubelet that cannot authenticate, by the safest rung of the ladder that fits, and always back to the
 * node's own identity, with a bootstrap file in the end with which the node helps itself again. The acts stand in
 * steps/kubelet-steps.ts and steps/ladder-steps.ts; docs/runbooks/kubelet-auth-recovery.md is the page for people.
 */
export function KubeletAuthRecovery(input: RecoveryInput): Promise<RecoveryResult> {
  return conduct(runbook, input);
}

const runbook: Runbook = {
  name: 'KubeletAuthRecovery',
  look,
  healthy: 'NodeHealthy',
  knowsStep: isKubeletStep,
  procedure: (run, hands, plan) => kubeletProcedure(run, hands, planOf('KubeletAuthRecovery', plan)),
  achieved: (plan) => achieved(planOf('KubeletAuthRecovery', plan)),
};

function achieved({ target, pins }: KubeletPlan): string {
  if (pins.rung === 'R4b')
    return `The kubelet on ${target} serves again, as cluster-admin (system:masters): its graduation is owed, and KubeletFollowUp keeps asking for it.`;
  const owed = pins.bootstrapOwed
    ? ' Its bootstrap file is still owed: recover again when the secret is back.'
    : '';
  return `The kubelet on ${target} speaks for its node again and can renew itself.${owed}`;
}

async function look(run: Run, hands: Hands): Promise<Verdict> {
  const { request, runId } = run;
  const { cluster } = request;
  const { observe } = hands;
  const [{ policy, scripts }, observation] = await Promise.all([
    observe.readPolicy.executeWithOptions(labelled('Read the policy'), [{ cluster }]),
    observe.observeControlPlane.executeWithOptions(labelled(`Look at ${cluster}`), [{ cluster }]),
  ]);
  run.policy = policy;
  run.state.approvals = policy.approvals;
  tellWay(run, observation.api);
  return await decisions.decideKubeletAuthRecovery.executeWithOptions(labelled('Decide'), [
    { observation, request, policy, runId, scripts, now: now() },
  ]);
}
