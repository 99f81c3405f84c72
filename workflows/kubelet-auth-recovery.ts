import { planOf, type KubeletPlan } from '../domain/plan.ts';
import type { Verdict } from '../domain/verdict.ts';
import { followUpWorkflowId, type RecoveryInput, type RecoveryResult } from './messages.ts';
import { decisions, labelled, type Hands } from './steps/activities.ts';
import { conduct } from './steps/conduct.ts';
import type { Achieved } from './steps/endings.ts';
import { isKubeletStep, kubeletProcedure } from './steps/kubelet-steps.ts';
import { now, type Run } from './steps/run.ts';
import type { Runbook } from './steps/runbook.ts';
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

function achieved({ cluster, target, pins }: KubeletPlan): Achieved {
  if (pins.rung === 'R4b') return servingOnly(cluster, target);
  const sentence = `The kubelet on ${target} speaks for its node again and can renew itself.`;
  if (!pins.bootstrapOwed) return { sentence };
  const what = `a durable bootstrap file on ${target}, without which it cannot help itself after the next loss`;
  return {
    sentence: `${sentence} Its bootstrap file is still owed: recover again when the secret is back.`,
    owed: { what, keptBy: `nobody but you: "cpr recover ${cluster} --node ${target}"` },
  };
}

/** The node works and is not healed: whoever stops here leaves a master on cluster-admin. */
function servingOnly(cluster: string, node: string): Achieved {
  const keeper = `workflow ${followUpWorkflowId(cluster, node)}`;
  return {
    serving: true,
    sentence: `The kubelet on ${node} serves again, but as cluster-admin (system:masters), which is lent: its graduation is owed.`,
    owed: {
      what: `the graduation of ${node}: its kubelet runs as cluster-admin, which no authorizer restrains, until it has a certificate of its own`,
      keptBy: keeper,
    },
    handOver: `See to it that somebody signs certificates again (the kube-controller-manager); ${keeper} then opens the graduation, and it asks for an approval. Until then "cpr diagnose ${cluster}" says AdminCredentialOnNode.`,
  };
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
