import { ApplicationFailure } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type { RunRef } from '../activities/contract.ts';
import { runOfStep } from '../domain/cleanup/plan.ts';
import { watchdogId } from '../domain/lease.ts';
import { planOf, type CleanupPlan } from '../domain/plan.ts';
import type { Verdict } from '../domain/verdict.ts';
import { recoveryWorkflowId, type RecoveryInput, type RecoveryResult } from './messages.ts';
import { decisions, labelled, runHistory, type Hands } from './steps/activities.ts';
import { conduct, type Runbook } from './steps/conduct.ts';
import { now, type Run } from './steps/run.ts';
import type { Procedure, StepCode, StepReport } from './steps/step-runner.ts';

/**
 * Tidies up what a run has left that somebody terminated: its temporary credential, its half-written files, and a directory
 * that does not say how it ended. Never in place of a recovery: a node that is not well is refused by name.
 */
export function Cleanup(input: RecoveryInput): Promise<RecoveryResult> {
  return conduct(runbook, input);
}

const runbook: Runbook = {
  name: 'Cleanup',
  look: lookFor,
  healthy: 'NothingLeft',
  knowsStep: (id) => id === 'bootstrap' || id === 'verify' || runOfStep(id) !== undefined,
  procedure: (run, hands, plan) => cleanupProcedure(run, hands, planOf('Cleanup', plan)),
  achieved: ({ target }) => `Nothing that a killed run had left is on ${target} any more but its backups.`,
};

/** `label` names the look where it is a step of its own. */
async function lookFor(
  run: Run,
  { observe }: Hands,
  node = run.request.node,
  label?: ActivityOptions,
): Promise<Verdict> {
  const { runId } = run;
  const { cluster } = run.request;
  const workflowId = recoveryWorkflowId(cluster);
  const looking = { ...labelled(`Look at ${cluster}`), ...label };
  const [{ policy, scripts }, history, observation] = await Promise.all([
    observe.readPolicy.executeWithOptions(labelled('Read the policy'), [{ cluster }]),
    runHistory.recoveryHistory.executeWithOptions(labelled('Look which recoveries are open'), [
      { workflowId, watchdog: watchdogId(cluster) },
    ]),
    observe.observeControlPlane.executeWithOptions(looking, [{ cluster }]),
  ]);
  run.policy = policy;
  run.state.approvals = policy.approvals;
  const request = node === undefined ? run.request : { ...run.request, node };
  const open = history.open ? [history.open.runId] : [];
  return await decisions.decideCleanup.executeWithOptions(labelled('Decide'), [
    { observation, request, policy, runId, scripts, open, now: now() },
  ]);
}

/** One entry for each step of the plan: which runs have left something is known only from it. */
function cleanupProcedure(run: Run, hands: Hands, plan: CleanupPlan): Procedure & { proofs: () => string[] } {
  const proofs: string[] = [];
  const codeOf = (stepId: string): StepCode => {
    const left = runOfStep(stepId);
    if (left !== undefined) return { act: (label) => conclude(hands, plan, left, label) };
    if (stepId === 'bootstrap') return { act: (label) => replaceCredential(hands, plan, label) };
    return {
      verifies: true,
      act: async (label) => {
        const report = await verify(run, hands, plan, label);
        proofs.push(report.sentence);
        return report;
      },
    };
  };
  return {
    steps: Object.fromEntries(plan.steps.map(({ id }) => [id, codeOf(id)])),
    retryFrom: () => undefined,
    advice: () =>
      'Mend what the error names, then retry; or skip it: what this step is about then stays, and goes on being reported.',
    proofs: () => proofs,
  };
}

/** Each script works in the name of the run that it is about: it finds that run's backup, and knows its files. */
function inNameOf({ cluster, target, pins }: CleanupPlan, runId: string): RunRef {
  return { cluster, node: target, runId, scripts: pins.scripts };
}

function conclude(
  { act }: Hands,
  plan: CleanupPlan,
  runId: string,
  label: ActivityOptions,
): Promise<StepReport> {
  return act.concludeRun.executeWithOptions(label, [{ ...inNameOf(plan, runId), how: 'cleaned up' }]);
}

function replaceCredential({ act }: Hands, plan: CleanupPlan, label: ActivityOptions): Promise<StepReport> {
  const { bootstrap } = plan.pins;
  if (!bootstrap) throw ApplicationFailure.nonRetryable('the plan pins no credential', 'PreconditionFailed');
  const { runId, aborted, server, caSha256 } = bootstrap;
  const left = inNameOf(plan, runId);
  if (aborted) return act.restoreKubeletBackup.executeWithOptions(label, [left]);
  return act.installDurableBootstrap.executeWithOptions(label, [{ ...left, server, caSha256 }]);
}

/** The same look and the same decision as before: nothing must be left but what a person chose to skip. */
async function verify(
  run: Run,
  hands: Hands,
  plan: CleanupPlan,
  label: ActivityOptions,
): Promise<StepReport> {
  const verdict = await lookFor(run, hands, plan.target, label);
  const skipped = run.state.steps.filter(({ state }) => state === 'skipped').map(({ id }) => id);
  if (verdict.kind === 'refuse' && verdict.reason === 'NothingLeft') {
    const facts = verdict.evidence.map(({ fact }) => fact);
    return { changed: false, sentence: [`Proved: nothing is left on ${plan.target}`, ...facts].join('; ') };
  }
  const left =
    verdict.kind === 'proceed' ? verdict.plan.steps.filter(({ id }) => id !== 'verify') : undefined;
  if (left?.every(({ id }) => skipped.includes(id))) {
    return { changed: false, sentence: `Proved: nothing is left on ${plan.target} but what was skipped` };
  }
  const what = left?.map(({ sentence }) => sentence).join('; ') ?? verdict.because;
  throw ApplicationFailure.nonRetryable(`not proved that ${plan.target} is clean: ${what}`, 'NotYetHealthy');
}
