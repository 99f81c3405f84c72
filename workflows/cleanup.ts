import { ApplicationFailure } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import { leaseOfStep, leaseStepId } from '../domain/cleanup/lease-step.ts';
import { pauseStepId } from '../domain/cleanup/pause-step.ts';
import { runOfStep } from '../domain/cleanup/plan.ts';
import { watchdogId, type LeaseTargetName } from '../domain/lease.ts';
import { factOfLease } from '../domain/lease-left.ts';
import { factOfPause, leftPauses } from '../domain/pause-left.ts';
import { planOf, type CleanupPlan } from '../domain/plan.ts';
import type { Verdict } from '../domain/verdict.ts';
import { recoveryWorkflowId, type RecoveryInput, type RecoveryResult } from './messages.ts';
import { decisions, labelled, runHistory, type Hands } from './steps/activities.ts';
import { conclude, putBackLease, replaceCredential, resume } from './steps/cleanup-acts.ts';
import { conduct } from './steps/conduct.ts';
import type { Runbook } from './steps/runbook.ts';
import { leaseHands } from './steps/lease-hands.ts';
import { now, type Run } from './steps/run.ts';
import { tellWay } from './steps/way.ts';
import type { Procedure, StepCode, StepReport } from './steps/step-runner.ts';

/**
 * Tidies up what a run has left that somebody terminated: a setting that it had lent, what it had paused, its temporary credential, its
 * half-written files, and a directory that does not say how it ended. Never in place of a recovery: on a node that is not
 * well nothing is done.
 */
export function Cleanup(input: RecoveryInput): Promise<RecoveryResult> {
  return conduct(runbook, input);
}

const runbook: Runbook = {
  name: 'Cleanup',
  look: lookFor,
  healthy: 'NothingLeft',
  knowsStep: (id) => id === 'verify' || id === pauseStepId || isOnNode(id) || leaseOfStep(id) !== undefined,
  procedure: (run, hands, plan) => cleanupProcedure(run, hands, planOf('Cleanup', plan)),
  achieved: ({ target, steps }) => ({
    sentence: steps.some(({ id }) => isOnNode(id))
      ? `Nothing that a killed run had left is on ${target} any more but its backups.`
      : `Nothing that a killed run had lent or paused is so on ${target} any more.`,
  }),
};

function isOnNode(stepId: string): boolean {
  return stepId === 'bootstrap' || runOfStep(stepId) !== undefined;
}

/** In the midst of a step, which `label` names: about one kind of thing that is left. */
type Asked = { label: ActivityOptions } & ({ about: 'node'; node: string } | { about: 'pauses' });

async function lookFor(run: Run, { observe }: Hands, asked?: Asked): Promise<Verdict> {
  const { runId } = run;
  const { cluster } = run.request;
  const workflowId = recoveryWorkflowId(cluster);
  const looking = asked?.label ?? labelled(`Look at ${cluster}`);
  const [{ policy, scripts }, history, observation] = await Promise.all([
    observe.readPolicy.executeWithOptions(labelled('Read the policy'), [{ cluster }]),
    runHistory.recoveryHistory.executeWithOptions(labelled('Look which recoveries are open'), [
      { workflowId, watchdog: watchdogId(cluster) },
    ]),
    observe.observeControlPlane.executeWithOptions(looking, [{ cluster }]),
  ]);
  run.policy = policy;
  run.state.approvals = policy.approvals;
  tellWay(run, observation.api);
  const request = asked?.about === 'node' ? { ...run.request, node: asked.node } : run.request;
  const open = history.open ? [history.open.runId] : [];
  const { leaseWatched } = history;
  const about = asked && { about: asked.about };
  return await decisions.decideCleanup.executeWithOptions(labelled('Decide'), [
    { observation, request, policy, runId, scripts, open, leaseWatched, now: now(), ...about },
  ]);
}

/** One entry for each step of the plan: which runs have left something is known only from it. */
function cleanupProcedure(run: Run, hands: Hands, plan: CleanupPlan): Procedure & { proofs: () => string[] } {
  const proofs: string[] = [];
  const codeOf = (stepId: string): StepCode => {
    const left = runOfStep(stepId);
    if (left !== undefined) return { act: (label) => conclude(hands, plan, left, label) };
    const lent = leaseOfStep(stepId);
    if (lent !== undefined) return { act: (label) => putBackLease(plan, lent, label) };
    if (stepId === pauseStepId)
      return {
        act: async (label) => {
          await requireStillDue(run, hands, label);
          return await resume(hands, plan, label);
        },
      };
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
    advice: (_, errorType) =>
      errorType === 'LeaseForeign'
        ? 'Somebody changed it since it was approved, so it is not overwritten: ask who, and either undo it by hand as docs/lease.md shows and retry, or skip this step.'
        : 'Mend what the error names, then retry; or skip it: what this step is about then stays, and goes on being reported.',
    proofs: () => proofs,
  };
}

/**
 * Directly before anything is resumed: the step before it may have waited for a person for hours, and a MachineHealthCheck that
 * goes on would reboot a master that has fallen ill meanwhile.
 */
async function requireStillDue(run: Run, hands: Hands, label: ActivityOptions): Promise<void> {
  const verdict = await lookFor(run, hands, { about: 'pauses', label });
  if (verdict.kind === 'proceed' || verdict.reason === 'NothingLeft') return;
  const seen = verdict.evidence.map(({ fact }) => fact);
  throw ApplicationFailure.nonRetryable([verdict.because, ...seen].join('; '), 'PreconditionFailed');
}

/** Nothing must be left but what a person chose to skip. */
async function verify(
  run: Run,
  hands: Hands,
  plan: CleanupPlan,
  label: ActivityOptions,
): Promise<StepReport> {
  const skipped = run.state.steps.filter(({ state }) => state === 'skipped').map(({ id }) => id);
  const leases = plan.pins.leases.filter(({ lease }) => !skipped.includes(leaseStepId(lease.target)));
  const proofs = await Promise.all(leases.map(({ lease }) => proveFree(plan.cluster, lease.target, label)));
  if (plan.pins.pauses && !skipped.includes(pauseStepId))
    proofs.push(await proveResumed(run, hands, plan, label));
  if (plan.steps.some(({ id }) => isOnNode(id)))
    proofs.push(await proveClean(run, hands, plan, label, skipped));
  const proved = proofs.join('; ');
  return {
    changed: false,
    sentence: proved === '' ? 'All of it was skipped: nothing to prove' : `Proved: ${proved}`,
  };
}

async function proveFree(cluster: string, target: LeaseTargetName, label: ActivityOptions): Promise<string> {
  const reading = await leaseHands(cluster).brief.readLease.executeWithOptions(label, [{ cluster, target }]);
  if (reading.state === 'free') return `${target} is not set, and no lease is noted`;
  const seen = reading.state === 'held' ? [factOfLease(reading.lease)] : reading.evidence;
  throw ApplicationFailure.nonRetryable(
    [`not proved that ${target} is as it was before`, ...seen].join('; '),
    'NotYetHealthy',
  );
}

async function proveResumed(
  run: Run,
  { observe }: Hands,
  { cluster, pins: { pauses = [] } }: CleanupPlan,
  label: ActivityOptions,
): Promise<string> {
  const { platform } = await observe.observeControlPlane.executeWithOptions(label, [{ cluster }]);
  const { remediators } = platform;
  const left = remediators.known ? leftPauses(remediators.value, [run.runId]) : [];
  const still = left.filter(({ runs }) => pauses.some((one) => one.runs.some((id) => runs.includes(id))));
  if (remediators.known && still.length === 0) return 'nothing of the plan is paused by a run that is over';
  const seen = remediators.known ? still.map(factOfPause) : [remediators.why];
  throw ApplicationFailure.nonRetryable(
    [`not proved that what was left paused goes on`, ...seen].join('; '),
    'NotYetHealthy',
  );
}

/** The same look and the same decision as before. */
async function proveClean(
  run: Run,
  hands: Hands,
  { target: node }: CleanupPlan,
  label: ActivityOptions,
  skipped: string[],
): Promise<string> {
  const verdict = await lookFor(run, hands, { about: 'node', node, label });
  if (verdict.kind === 'refuse' && verdict.reason === 'NothingLeft')
    return [`nothing is left on ${node}`, ...verdict.evidence.map(({ fact }) => fact)].join('; ');
  const left =
    verdict.kind === 'proceed' ? verdict.plan.steps.filter(({ id }) => id !== 'verify') : undefined;
  if (left?.every(({ id }) => skipped.includes(id))) return `nothing is left on ${node} but what was skipped`;
  const what = left?.map(({ sentence }) => sentence).join('; ') ?? verdict.because;
  throw ApplicationFailure.nonRetryable(`not proved that ${node} is clean: ${what}`, 'NotYetHealthy');
}
