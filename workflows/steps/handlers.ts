import { setHandler } from '@temporalio/workflow';
import { judgeVote, judgeVoter } from '../../domain/approval.ts';
import { judgeAbort, judgeResolve, judgeSupersede, mustSign } from '../../domain/intervention.ts';
import { renderReport } from '../../domain/report.ts';
import type { ResolveAction } from '../../domain/run.ts';
import type { Proof } from '../../domain/statement.ts';
import {
  abortSignal,
  abortUpdate,
  reportQuery,
  resolveStepSignal,
  resolveStepUpdate,
  stateQuery,
  supersedeSignal,
  supersedeUpdate,
  voteSignal,
  voteUpdate,
} from '../messages.ts';
import { hearAs, refuse } from './hearing.ts';
import { watchForResets } from './reset.ts';
import { now, rendered, tell, type Run } from './run.ts';
import { countVote, who } from './votes.ts';

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
  void watchForResets(run);
  listenForVotes(run);
  listenForResolutions(run);
  listenForStops(run);
}

function listenForVotes(run: Run): void {
  hearAs(
    run,
    {
      what: 'vote',
      judge: (input) => judgeVote(input, run.state.gate, now()),
      mustSign: () => run.state.gate?.mode === 'signed',
      objectTo: (vote, proof) => run.state.gate && judgeVoter(vote, proof, run.state.gate),
      accept: (vote, proof) => countVote(run, vote, proof),
    },
    [voteUpdate, voteSignal],
    'Approve or reject the plan at the open gate, or withdraw an approval. Current details show the exact JSON to paste: {"gate":"plan-1","nonce":"…","decision":"approve","by":"you","reason":"…"}',
  );
}

const answers: Record<ResolveAction, string> = {
  retry: 'The step is tried again.',
  skip: 'The run goes on without the step.',
  abort: 'The run stops and puts things back.',
};

function listenForResolutions(run: Run): void {
  hearAs(
    run,
    {
      what: 'resolveStep',
      judge: (input) => judgeResolve(input, run.state, now()),
      mustSign: ({ action }) => mustSign(run.state, { kind: 'resolveStep', action }),
      accept: ({ action, by, reason }, proof) => {
        run.resolution = { action, by, reason };
        tell(run, `${who(by, proof)} decided: ${action} the blocked step (${reason})`);
        // Two words may come at once: the second one is told that nothing is blocked, and decides nothing behind the first one's back.
        delete run.state.blocked;
        return answers[action];
      },
    },
    [resolveStepUpdate, resolveStepSignal],
    'Decide what becomes of a blocked step: {"stepId":"…","action":"retry","by":"you","reason":"…"}. Current details show which actions are possible.',
  );
}

type Stop = NonNullable<Run['abort']>;

function listenForStops(run: Run): void {
  hearAs(
    run,
    {
      what: 'abort',
      judge: (input) => judgeAbort(input, run.state, now()),
      mustSign: () => mustSign(run.state, { kind: 'abort' }),
      accept: (request, proof) => acceptAbort(run, request, proof),
    },
    [abortUpdate, abortSignal],
    'Stop at the next step boundary and put things back: {"by":"you","reason":"…"}. Past the point of no return it puts back less, or is refused; the current details say which.',
  );
  hearAs(
    run,
    {
      what: 'supersede',
      judge: (input) => judgeSupersede(input, run.state, now()),
      mustSign: () => mustSign(run.state, { kind: 'supersede' }),
      accept: (request, proof) => {
        run.superseded = request;
        tell(run, `${who(request.by, proof)} needs the cluster for another recovery: ${request.reason}`);
        return 'The run ends, having done nothing, and another one may begin.';
      },
    },
    [supersedeUpdate, supersedeSignal],
    'End a run that waits at its gate, to make room for another: {"by":"you","reason":"…"}.',
  );
}

/** A cancel request means abort: same rule, same answer, only that nobody can be answered; and that nobody can sign it. */
export function hearCancel(run: Run): void {
  const request = { by: 'cancel request', reason: 'the run was asked to cancel' };
  const judged = judgeAbort(request, run.state, now());
  if ('counts' in judged) return void acceptAbort(run, judged.counts);
  refuse(run, 'cancel', request, judged);
  tell(run, `The cancel request was refused: ${judged.sentence} ${judged.expected}`);
}

function acceptAbort(run: Run, request: Stop, proof?: Proof): string {
  run.abort = request;
  tell(
    run,
    `${who(request.by, proof)} asked to abort (${request.reason}): the run stops at the next step boundary`,
  );
  return 'The run stops at the next step boundary and puts back what can be; its end names what stays. After the last step there is nothing to stop.';
}
