import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { log, setCurrentDetails, upsertSearchAttributes, uuid4, workflowInfo } from '@temporalio/workflow';
import { mayHaveActed } from '../../domain/aftermath.ts';
import type { CastVote } from '../../domain/approval.ts';
import { votesMissing } from '../../domain/gate.ts';
import { renderDetails } from '../../domain/narrative.ts';
import type { RunbookName } from '../../domain/plan.ts';
import { defaultPolicy, type Policy } from '../../domain/policy.ts';
import type {
  AbortRequest,
  Outcome,
  Phase,
  RecoveryRequest,
  ResolveAction,
  RunState,
} from '../../domain/run.ts';
import type { SearchAttributeName } from '../../domain/search-attributes.ts';
import { nodeRunId } from '../../domain/run.ts';
import type { Proceed, Refuse } from '../../domain/verdict.ts';
import { randomnessSeed } from './seed.ts';
import { noVerifications, type Verifications } from './verifications.ts';

/** One run of a runbook: what a person may see (`state`), and what only the story itself needs. */
export interface Run {
  state: RunState;
  request: RecoveryRequest;
  /** Names this run on the node: safe in a path, and the same after a Reset, so that a backup is found again. */
  runId: string;
  policy: Policy;
  /** Set once a person, or a cancel request, asked to stop; obeyed at the next boundary between steps. */
  abort?: AbortRequest;
  /** Set once a step saw, directly before its act, that the plan must not be carried out any more. */
  withdrawn?: Withdrawal;
  /** Set once a person asked a run that waits at its gate to make room for another one. */
  superseded?: AbortRequest;
  /** A person's answer to the step that is blocked. */
  resolution?: { action: ResolveAction; by: string; reason: string };
  /** The votes that counted, also at gates that were void later, for the report: the newest 200. */
  votes: CastVote[];
  verifications: Verifications;
  /** What this run's randomness came from when it last looked: another one tells of a Reset. */
  seed: string;
  attributes: Partial<Record<SearchAttributeName, string>>;
  /** The master through which the API was reached at the last look; absent: by its endpoint. */
  detour?: string;
}

export interface Withdrawal {
  verdict: Refuse;
  /** The refusal says that there is nothing left to mend. */
  faultGone: boolean;
}

/** How a run ends, before the votes and the time are added. */
export type Ending = Omit<Outcome, 'votes' | 'endedAt'>;

/** A state that is queried, rendered and returned must stay small, whatever a night brings. */
const timelineKept = 400;

export function openRun(runbook: RunbookName, request: RecoveryRequest): Run {
  const run: Run = {
    request,
    runId: nodeRunId(workflowInfo().firstExecutionRunId),
    policy: defaultPolicy,
    votes: [],
    verifications: noVerifications(),
    seed: randomnessSeed(),
    attributes: {},
    state: {
      runbook,
      cluster: request.cluster,
      requester: request.requester,
      startedAt: now(),
      workflow: workflowInfo().workflowId,
      firstRun: workflowInfo().firstExecutionRunId,
      nonce: uuid4(),
      phase: 'observing',
      approvals: 'none',
      steps: [],
      refused: [],
      refusedCount: 0,
      timeline: [],
    },
  };
  if (request.node !== undefined) run.state.node = request.node;
  return run;
}

/** Workflow time: the same on replay. */
export function now(): string {
  return new Date().toISOString();
}

export function tell(run: Run, text: string): void {
  const { timeline } = run.state;
  timeline.push({ at: now(), text });
  // The beginning tells what was wrong, the end what is going on: what falls out is the middle.
  if (timeline.length > timelineKept) timeline.splice(timelineKept / 2, 1);
  log.info(text, { cluster: run.state.cluster, phase: run.state.phase });
  publish(run);
}

export function enter(run: Run, phase: Phase, text: string): void {
  run.state.phase = phase;
  tell(run, text);
}

export function showPlan(run: Run, proposal: Proceed): void {
  const { plan, digest, because } = proposal;
  const { state } = run;
  state.verdict = proposal;
  state.plan = plan;
  state.digest = digest;
  // A plan for the cluster as a whole names no node.
  if (plan.target === plan.cluster) delete state.node;
  else state.node = plan.target;
  if (mayHaveActed(state)) state.actedBefore = true;
  state.steps = plan.steps.map(({ id, sentence }) => ({ id, sentence, state: 'pending' }));
  tell(run, `Plan ${digest.slice(0, 12)}: ${because}`);
}

/** Brings what the Web UI shows up to the state: the page of this run, and its row in the list. */
export function publish(run: Run): void {
  setCurrentDetails(rendered(() => renderDetails(run.state)));
  const wanted = attributesOf(run.state);
  const changed = (Object.keys(wanted) as SearchAttributeName[]).filter(
    (name) => run.attributes[name] !== wanted[name],
  );
  if (changed.length === 0) return;
  run.attributes = wanted;
  upsertSearchAttributes(
    changed.map((name) => ({
      key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
      value: wanted[name],
    })),
  );
}

/** A page that cannot be drawn must never stop a recovery: any error but Temporal's own would stall the run for ever. */
export function rendered(render: () => string): string {
  try {
    return render();
  } catch (error) {
    return `This page could not be drawn (${String(error)}). The query \`state\` has everything that it would have shown.`;
  }
}

function attributesOf(state: RunState): Record<SearchAttributeName, string> {
  return {
    ClusterId: state.cluster,
    RunbookPhase: state.phase,
    IncidentState: incidentState(state),
    ApprovalState: approvalState(state),
  };
}

function incidentState(state: RunState): string {
  if (state.outcome) return state.outcome.status;
  if (state.blocked) return 'blocked';
  return state.paused ? 'paused' : 'open';
}

function approvalState(state: RunState): string {
  if (state.phase === 'waiting-for-approval') return 'waiting';
  if (state.outcome?.status === 'rejected' || state.outcome?.status === 'expired')
    return state.outcome.status;
  return state.gate && votesMissing(state.gate) === 0 ? 'approved' : 'none';
}
