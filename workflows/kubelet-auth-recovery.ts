import { allHandlersFinished, CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import type { RecoveryRequest } from '../domain/run.ts';
import type { Proceed, RefusalReason, Refuse, Verdict } from '../domain/verdict.ts';
import { renderReport } from '../domain/report.ts';
import { isKubeletStep, kubeletProcedure } from './steps/kubelet-steps.ts';
import type { RecoveryInput, RecoveryResult } from './messages.ts';
import { decisions, handsOn, labelled, type Hands } from './steps/activities.ts';
import {
  aborted,
  approvalsNotConfigured,
  couldNotLook,
  dryRun,
  notUnderstood,
  refused,
  resolved,
  unsettled,
  waitedInVain,
} from './steps/endings.ts';
import { describeFailure } from './steps/failures.ts';
import { awaitApproval, voidGate } from './steps/gate.ts';
import { hearCancel, listen } from './steps/handlers.ts';
import { unlessAborted } from './steps/looking.ts';
import { readRequest } from './steps/request.ts';
import { enter, now, openRun, rendered, showPlan, tell, type Ending, type Run } from './steps/run.ts';
import { carryOut } from './steps/step-runner.ts';

/** Plans in turn that may be overtaken by the cluster before the run gives up. */
const gatesAtMost = 10;

/** What a verdict waits for comes within minutes, or not by itself; and each look fills the history. */
const waitAtMostMs = 10 * 60_000;

/**
 * Brings back a master's kubelet that cannot authenticate: observe, decide, plan, ask, observe and decide again, act step by
 * step, verify, graduate, verify, report. docs/runbooks/kubelet-auth-recovery.md is the page for people.
 *
 * The story is not cancellable from outside: a cancel request means abort, obeyed between steps while an abort is still
 * possible, so that no node is ever left between two states.
 */
export async function KubeletAuthRecovery(input: RecoveryInput): Promise<RecoveryResult> {
  const request = readRequest(input, workflowInfo().workflowId);
  const run = openRun('KubeletAuthRecovery', request);
  listen(run);
  CancellationScope.current().cancelRequested.catch(() => hearCancel(run));
  return await CancellationScope.nonCancellable(async () => {
    const ending = await recover(run, request);
    await condition(allHandlersFinished);
    return close(run, ending);
  });
}

async function recover(run: Run, request: RecoveryRequest): Promise<Ending> {
  const hands = handsOn(request.cluster);
  enter(run, 'observing', `${request.requester} asked to recover ${request.node ?? 'the affected master'}`);

  let judged = await judge(run, hands);
  for (let count = 1; count <= gatesAtMost; count++) {
    if (judged.kind === 'ending') return judged.ending;
    const { proposal } = judged;
    showPlan(run, proposal);
    const strange = proposal.plan.steps.find(({ id }) => !isKubeletStep(id));
    if (strange) return notUnderstood(strange.id);
    if (request.dryRun) return dryRun(proposal);
    if (run.policy.approvals === 'none') return approvalsNotConfigured(request.cluster, proposal);

    const answer = await awaitApproval(run, proposal, count, () => look(run, hands));
    if (answer.kind === 'closed') return answer.ending;
    if (answer.kind === 'drifted') {
      judged = { kind: 'proposal', proposal: answer.verdict };
    } else {
      // Hours may lie between the plan and the vote: what was approved must still be what is there.
      enter(run, 'deciding', 'Approved: looking once more before the first act');
      judged = await judge(run, hands);
      if (judged.kind === 'ending') return judged.ending;
      if (isApproved(run, proposal, judged.proposal)) return await act(run, hands, judged.proposal);
    }
    voidGate(run, proposal.plan, judged.proposal.plan);
  }
  return unsettled(gatesAtMost);
}

/** The approval is good for exactly the plan that was shown, and only while the inventory still allows acting. */
function isApproved(run: Run, approved: Proceed, seen: Proceed): boolean {
  return run.policy.approvals !== 'none' && seen.digest === approved.digest;
}

async function act(run: Run, hands: Hands, { plan }: Proceed): Promise<Ending> {
  const procedure = kubeletProcedure(run, hands, plan);
  const early = await carryOut(run, plan, procedure);
  if (early) return early;
  return {
    status: 'healed',
    sentence: `The kubelet on ${plan.target} speaks for its node again and can renew itself.`,
    evidence: procedure
      .proofs()
      .map((fact) => ({ fact, source: `observed on ${plan.target} after the last step` })),
  };
}

type Judged = { kind: 'proposal'; proposal: Proceed } | { kind: 'ending'; ending: Ending };

/** Looks and decides until there is a proposal or a reason to end. */
async function judge(run: Run, hands: Hands): Promise<Judged> {
  const giveUpAt = Date.now() + waitAtMostMs;
  for (let tries = 1; ; tries++) {
    let seen: { value: Verdict } | undefined;
    try {
      seen = await unlessAborted(run, () => look(run, hands));
    } catch (error) {
      return { kind: 'ending', ending: couldNotLook(run.request.cluster, describeFailure(error).message) };
    }
    if (run.abort || !seen) return { kind: 'ending', ending: aborted(run.abort!, 'Nothing had been done.') };
    const verdict = seen.value;
    run.state.verdict = verdict;
    if (verdict.kind === 'proceed') return { kind: 'proposal', proposal: verdict };
    if (verdict.kind === 'refuse' && !isPassing(run, verdict, tries))
      return { kind: 'ending', ending: end(run, verdict) };
    if (Date.now() > giveUpAt) return { kind: 'ending', ending: waitedInVain(verdict) };
    if (tries === 1) tell(run, `Looking again: ${verdict.because}`);
    await waitToLookAgain(run);
  }
}

/**
 * Once a person has approved, a blip must not throw that away: a lost packet, a lease that changes hands or an API server
 * that restarts is looked at three times.
 */
function isPassing(run: Run, verdict: Refuse, tries: number): boolean {
  return run.state.gate !== undefined && tries < 3 && passing.includes(verdict.reason);
}

const passing: RefusalReason[] = [
  'ApiUnreachable',
  'NodeUnreachable',
  'OtherMasterUnknown',
  'OtherMasterUnhealthy',
  'SignerDown',
  'EvidenceIncomplete',
];

function end(run: Run, verdict: Refuse): Ending {
  return run.state.gate && verdict.reason === 'NodeHealthy' ? resolved(verdict) : refused(verdict);
}

async function waitToLookAgain(run: Run): Promise<void> {
  const pause = Math.min(run.policy.reobserveEveryMs, 10_000);
  await condition(() => run.abort !== undefined, pause, { summary: 'Waiting to look again' });
}

/** One look and the decision about it. The policy is read each time: a gate outlives a change of the inventory. */
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
  return await decisions.decideKubeletAuthRecovery.executeWithOptions(labelled('Decide'), [
    { observation, request, policy, runId, scripts, now: now() },
  ]);
}

function close(run: Run, ending: Ending): RecoveryResult {
  const outcome = { ...ending, votes: run.votes, endedAt: now() };
  run.state.outcome = outcome;
  enter(run, 'closed', ending.sentence);
  return { outcome, state: run.state, report: rendered(() => renderReport(run.state)) };
}
