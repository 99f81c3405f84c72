import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import { judgeAbort, judgeResolve, judgeVote, type Vote } from '../../domain/approval.ts';
import type { Judgement } from '../../domain/input.ts';
import { renderReport } from '../../domain/report.ts';
import {
  abortSignal,
  abortUpdate,
  reportQuery,
  resolveStepSignal,
  resolveStepUpdate,
  stateQuery,
  voteSignal,
  voteUpdate,
  type VoteAnswer,
} from '../messages.ts';
import { now, publish, rendered, tell, type Run } from './run.ts';

/**
 * Registers everything a run listens to. Called before the first await, so that no message ever finds nobody at home, and
 * the Web UI lists every handler with what to send.
 *
 * No default handlers on purpose: with one, a signal named `__temporal_…` makes the SDK fail the workflow task, and the
 * server delivers it again for ever. Without one, a misspelt signal is dropped and a misspelt update is refused.
 */
export function listen(run: Run): void {
  setHandler(stateQuery, () => run.state, { description: 'Everything about this run, as data.' });
  setHandler(reportQuery, () => rendered(() => renderReport(run.state)), {
    description: 'The incident report so far, in Markdown.',
  });
  listenForVotes(run);
  listenForResolutions(run);
  listenForAborts(run);
}

type Refused = Extract<Judgement<unknown, string>, { refused: string }>;

interface Message<T, Answer> {
  what: string;
  judge: (input: unknown) => Judgement<T, string>;
  accept: (accepted: T) => Answer;
}

function listenForVotes(run: Run): void {
  const vote: Message<Vote, VoteAnswer> = {
    what: 'vote',
    judge: (input) => judgeVote(input, run.state.gate, now()),
    accept: (accepted) => countVote(run, accepted),
  };
  const description =
    'Approve or reject the plan at the open gate. Current details show the exact JSON to paste: {"gate":"plan-1","nonce":"…","decision":"approve","by":"you","reason":"…"}';
  setHandler(voteUpdate, (input) => answer(vote, input), {
    validator: (input) => check(vote, input),
    description,
  });
  setHandler(voteSignal, (input) => hear(run, vote, input), { description });
}

function listenForResolutions(run: Run): void {
  const resolve: Message<NonNullable<Run['resolution']>, string> = {
    what: 'resolveStep',
    judge: (input) => judgeResolve(input, run.state.blocked),
    accept: (accepted) => {
      run.resolution = accepted;
      tell(run, `${accepted.by} decided: ${accepted.action} the blocked step (${accepted.reason})`);
      return accepted.action === 'retry' ? 'The step is tried again.' : 'The run stops and puts things back.';
    },
  };
  const description =
    'Decide what becomes of a blocked step: {"stepId":"…","action":"retry","by":"you","reason":"…"}. "abort" is possible before the restart.';
  setHandler(resolveStepUpdate, (input) => answer(resolve, input), {
    validator: (input) => check(resolve, input),
    description,
  });
  setHandler(resolveStepSignal, (input) => hear(run, resolve, input), { description });
}

function listenForAborts(run: Run): void {
  const abort: Message<NonNullable<Run['abort']>, string> = {
    what: 'abort',
    judge: (input) => judgeAbort(input, run.state),
    accept: (accepted) => acceptAbort(run, accepted),
  };
  const description =
    'Stop at the next step boundary and put things back: {"by":"you","reason":"…"}. Refused once the kubelet has been restarted.';
  setHandler(abortUpdate, (input) => answer(abort, input), {
    validator: (input) => check(abort, input),
    description,
  });
  setHandler(abortSignal, (input) => hear(run, abort, input), { description });
}

/** A cancel request means abort: same rule, same answer, only that nobody can be answered. */
export function hearCancel(run: Run): void {
  const request = { by: 'cancel request', reason: 'the run was asked to cancel' };
  const judged = judgeAbort(request, run.state);
  if ('counts' in judged) acceptAbort(run, judged.counts);
  else {
    refuse(run, 'cancel', request, judged);
    tell(run, `The cancel request was refused: ${judged.sentence}`);
  }
}

function acceptAbort(run: Run, request: NonNullable<Run['abort']>): string {
  run.abort = request;
  tell(run, `${request.by} asked to abort (${request.reason}): the run stops at the next step boundary`);
  return 'The run stops at the next step boundary and puts back what it changed.';
}

function countVote(run: Run, vote: Vote): VoteAnswer {
  const gate = run.state.gate;
  if (!gate) throw ApplicationFailure.nonRetryable('no gate is open', 'NoGateOpen');
  const cast = { ...vote, at: now() };
  gate.votes.push(cast);
  run.votes.push(cast);
  const have = gate.votes.filter((each) => each.decision === 'approve').length;
  const verb = vote.decision === 'approve' ? 'approved' : 'rejected';
  tell(run, `${vote.by} ${verb} ${gate.id}: ${vote.reason} (${have} of ${gate.votesNeeded} approvals)`);
  const sentence =
    vote.decision === 'reject'
      ? 'Rejected: nothing is done.'
      : have >= gate.votesNeeded
        ? 'Approved: the cluster is looked at once more, then the plan is carried out.'
        : `Counted; ${gate.votesNeeded - have} more needed.`;
  return { have, need: gate.votesNeeded, sentence };
}

/** Validators are synchronous and total: a promise would be dropped, and its refusal with it. */
function check<T, A>(message: Message<T, A>, input: unknown): void {
  const judged = message.judge(input);
  if ('counts' in judged) return;
  throw refusal(judged);
}

/** Validators do not run on replay, and a signal may have come between: the handler judges for itself. */
function answer<T, A>(message: Message<T, A>, input: unknown): A {
  const judged = message.judge(input);
  if ('counts' in judged) return message.accept(judged.counts);
  throw refusal(judged);
}

/** What was expected comes first: the Web UI shows the message in a small box, with a stack trace behind it. */
function refusal({ expected, sentence, refused }: Refused): ApplicationFailure {
  const hint = expected.startsWith('{') ? `Expected ${expected}` : expected;
  return ApplicationFailure.nonRetryable(`${hint}\n${sentence}`, refused);
}

/** A signal cannot be answered, so a wrong one is counted and shown. */
function hear<T, A>(run: Run, message: Message<T, A>, input: unknown): void {
  const judged = message.judge(input);
  if ('counts' in judged) message.accept(judged.counts);
  else refuse(run, message.what, input, judged);
}

const refusedKept = 50;

function refuse(run: Run, what: string, input: unknown, judged: { refused: string; sentence: string }): void {
  const { refused } = run.state;
  run.state.refusedCount += 1;
  refused.push({
    at: now(),
    what,
    why: `${judged.refused}: ${judged.sentence}`.slice(0, 300),
    by: nameIn(input),
  });
  if (refused.length > refusedKept) refused.shift();
  publish(run);
}

function nameIn(input: unknown): string {
  const by = typeof input === 'object' && input !== null && 'by' in input ? input.by : undefined;
  return typeof by === 'string' && by.trim() !== '' ? by.trim().slice(0, 80) : 'unknown';
}
