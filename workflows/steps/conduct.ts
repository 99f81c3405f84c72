import { allHandlersFinished, CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import type { Gate } from '../../domain/approval.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Proceed, RefusalReason, Refuse, Verdict } from '../../domain/verdict.ts';
import { renderReport } from '../../domain/report.ts';
import type { RecoveryInput, RecoveryResult } from '../messages.ts';
import { handsOn, type Hands } from './activities.ts';
import {
  aborted,
  approvalsNotConfigured,
  couldNotLook,
  dryRun,
  healed,
  notUnderstood,
  refused,
  resolved,
  unsettled,
  waitedInVain,
} from './endings.ts';
import { describeFailure } from './failures.ts';
import { awaitApproval, openGate } from './gate.ts';
import { hearCancel, listen } from './handlers.ts';
import { holdWhilePaused } from './hold.ts';
import { unlessAborted } from './looking.ts';
import { readRequest } from './request.ts';
import { enter, now, openRun, rendered, showPlan, tell, type Ending, type Run } from './run.ts';
import { carryOut, type Procedure } from './step-runner.ts';

/** What one runbook adds to the spine that all of them share. */
export interface Runbook {
  name: Plan['runbook'];
  /** One look at the cluster, and the decision about it. Reads the policy too: a gate outlives a change of the inventory. */
  look: (run: Run, hands: Hands) => Promise<Verdict>;
  /** The refusal which says that there is nothing to mend; at a gate it means that the fault has gone. */
  healthy: RefusalReason;
  knowsStep: (stepId: string) => boolean;
  procedure: (run: Run, hands: Hands, plan: Plan) => Procedure & { proofs: () => string[] };
  /** How often a verdict that waits is asked for anew, and for how long; absent: what it waits for comes within minutes. */
  pace?: () => Pace;
  /** What has been achieved, in one sentence. */
  achieved: (plan: Plan) => string;
}

export interface Pace {
  everyMs: number;
  atMostMs: number;
}

/** Plans in turn that may be overtaken by the cluster before the run gives up. */
const gatesAtMost = 10;

/** What a verdict waits for comes within minutes, or not by itself; and each look fills the history. */
const usualPace: Pace = { everyMs: 10_000, atMostMs: 10 * 60_000 };

/**
 * The spine of every runbook: observe, decide, plan, ask, observe and decide again, act step by step, verify, report.
 *
 * The story is not cancellable from outside: a cancel request means abort, obeyed between steps while an abort is still
 * possible, so that no node is ever left between two states.
 */
export async function conduct(runbook: Runbook, input: RecoveryInput): Promise<RecoveryResult> {
  const request = readRequest(input, workflowInfo().workflowId);
  const run = openRun(runbook.name, request);
  listen(run);
  CancellationScope.current().cancelRequested.catch(() => hearCancel(run));
  return await CancellationScope.nonCancellable(async () => {
    const ending = await recover(runbook, run);
    // Its end is decided: an abort whose signature is still being checked must not be told that the run stops.
    run.state.phase = 'closed';
    await condition(allHandlersFinished);
    return close(run, ending);
  });
}

async function recover(runbook: Runbook, run: Run): Promise<Ending> {
  const { request } = run;
  const hands = handsOn(request.cluster);
  const look = () => runbook.look(run, hands);
  enter(run, 'observing', `${request.requester} asked to recover ${request.node ?? 'the affected master'}`);

  let judged = await judge(runbook, run, look);
  for (let count = 1; count <= gatesAtMost; count++) {
    if (judged.kind === 'ending') return judged.ending;
    const { proposal } = judged;
    showPlan(run, proposal);
    const early = endsBeforeGate(runbook, run, proposal);
    if (early) return early;

    const gate = openGate(run, proposal, count);
    judged = await approveAndAct(runbook, run, hands, proposal, gate);
  }
  return unsettled(gatesAtMost);
}

function endsBeforeGate(runbook: Runbook, run: Run, proposal: Proceed): Ending | undefined {
  const strange = proposal.plan.steps.find(({ id }) => !runbook.knowsStep(id));
  if (strange) return notUnderstood(strange.id);
  if (proposal.plan.runbook !== runbook.name) return notUnderstood(`one of ${proposal.plan.runbook}`);
  if (run.request.dryRun) return dryRun(proposal);
  if (run.policy.approvals === 'none') return approvalsNotConfigured(run.state, proposal);
  return undefined;
}

/** Ends with the plan carried out, or with another one that needs a gate of its own. */
async function approveAndAct(
  runbook: Runbook,
  run: Run,
  hands: Hands,
  proposal: Proceed,
  gate: Gate,
): Promise<Judged> {
  const look = () => runbook.look(run, hands);
  const judgeNow = () => judgeUnpaused(runbook, run, look);
  for (;;) {
    const asking = { look, healthy: runbook.healthy, judge: judgeNow };
    const approval = await awaitApproval(run, proposal, gate, asking);
    if (approval.kind === 'closed') return { kind: 'ending', ending: approval.ending };
    if (approval.kind === 'overtaken') return { kind: 'proposal', proposal: approval.proposal };
    const ending = await act(runbook, run, hands, approval.proposal);
    if (ending) return { kind: 'ending', ending };
    // An approval taken back, or a pause, before the first act leaves the gate open. Once acts have begun only a Reset gets
    // here, and then nothing that the run remembers of them is to be relied on.
    if (gate.closed === undefined) continue;
    delete run.state.pastPointOfNoReturn;
    return await judge(runbook, run, look);
  }
}

/** Undefined: not, or not any more, on the votes that there are. */
async function act(runbook: Runbook, run: Run, hands: Hands, { plan }: Proceed): Promise<Ending | undefined> {
  const procedure = runbook.procedure(run, hands, plan);
  const early = await carryOut(run, plan, procedure);
  if (early === 'unapproved') return undefined;
  if (early) return early;
  const source = `observed on ${plan.target} after the last step`;
  const evidence = procedure.proofs().map((fact) => ({ fact, source }));
  return healed(run, plan, runbook.achieved(plan), evidence);
}

type Judged = { kind: 'proposal'; proposal: Proceed } | { kind: 'ending'; ending: Ending };

/** Looks and decides until there is a proposal or a reason to end. */
async function judge(runbook: Runbook, run: Run, look: () => Promise<Verdict>): Promise<Judged> {
  const startedAt = Date.now();
  let waited = '';
  for (let tries = 1; ; tries++) {
    const seen = await lookOnce(run, look);
    if ('ending' in seen) return { kind: 'ending', ending: seen.ending };
    const { verdict } = seen;
    run.state.verdict = verdict;
    if (verdict.kind === 'proceed') return { kind: 'proposal', proposal: verdict };
    if (verdict.kind === 'refuse' && !isPassing(run, verdict, tries))
      return { kind: 'ending', ending: end(runbook, run, verdict, waited !== '') };
    const { everyMs, atMostMs } = (verdict.kind === 'wait' && runbook.pace?.()) || usualPace;
    if (Date.now() > startedAt + atMostMs) return { kind: 'ending', ending: waitedInVain(verdict) };
    // Once per reason, not once per look: the page shows the newest one anyway.
    const reason = `${verdict.kind} ${verdict.reason}`;
    if (reason !== waited) tell(run, `Looking again: ${verdict.because}`);
    waited = reason;
    await waitToLookAgain(run, everyMs);
  }
}

async function lookOnce(
  run: Run,
  look: () => Promise<Verdict>,
): Promise<{ verdict: Verdict } | { ending: Ending }> {
  try {
    const seen = await unlessAborted(run, look);
    return run.abort || !seen ? { ending: aborted(run.state, run.abort!) } : { verdict: seen.value };
  } catch (error) {
    return { ending: couldNotLook(run.request.cluster, describeFailure(error).message) };
  }
}

/** A look before a pause is no ground for an act after it: hours may lie between. A rejection meanwhile needs no look. */
async function judgeUnpaused(runbook: Runbook, run: Run, look: () => Promise<Verdict>): Promise<Judged> {
  for (;;) {
    const judged = await judge(runbook, run, look);
    if (judged.kind === 'ending') return judged;
    const held = await holdWhilePaused(run);
    if (held === 'not' || (held === 'moot' && !run.abort)) return judged;
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
  'SurvivorsDisagree',
  'LeaderUnclear',
  'SurvivorLagging',
  // Of a kubelet that somebody has just repaired: its mirror pods come some seconds after its certificate.
  'NotAnAuthenticationFault',
];

/** Nothing to mend: for a run that has seen the fault, at a gate or while it waited, that is good news. */
function end(runbook: Runbook, run: Run, verdict: Refuse, hasSeenFault: boolean): Ending {
  const isGone = verdict.reason === runbook.healthy && (run.state.gate !== undefined || hasSeenFault);
  return isGone ? resolved(verdict) : refused(verdict);
}

async function waitToLookAgain(run: Run, everyMs: number): Promise<void> {
  const pause = Math.min(run.policy.reobserveEveryMs, everyMs);
  await condition(() => run.abort !== undefined, pause, { summary: 'Waiting to look again' });
}

function close(run: Run, ending: Ending): RecoveryResult {
  const outcome = { ...ending, votes: run.votes, endedAt: now() };
  run.state.outcome = outcome;
  enter(run, 'closed', ending.sentence);
  return { outcome, state: run.state, report: rendered(() => renderReport(run.state)) };
}
