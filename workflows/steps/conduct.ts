import { allHandlersFinished, CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import type { Gate } from '../../domain/approval.ts';
import type { Proceed } from '../../domain/verdict.ts';
import { renderReport } from '../../domain/report.ts';
import type { RecoveryInput, RecoveryResult } from '../messages.ts';
import { handsOn, type Hands } from './activities.ts';
import { approvalsNotConfigured, dryRun, healed, notUnderstood, unsettled } from './endings.ts';
import { awaitApproval, openGate } from './gate.ts';
import { hearCancel, listen } from './handlers.ts';
import { judge, judgeUnpaused, type Judged } from './judging.ts';
import { readRequest } from './request.ts';
import { enter, now, openRun, rendered, showPlan, type Ending, type Run } from './run.ts';
import type { Runbook } from './runbook.ts';
import { carryOut } from './step-runner.ts';

/** Plans in turn that may be overtaken by the cluster before the run gives up. */
const gatesAtMost = 10;

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

function close(run: Run, ending: Ending): RecoveryResult {
  const outcome = { ...ending, votes: run.votes, endedAt: now() };
  run.state.outcome = outcome;
  enter(run, 'closed', ending.sentence);
  return { outcome, state: run.state, report: rendered(() => renderReport(run.state)) };
}
