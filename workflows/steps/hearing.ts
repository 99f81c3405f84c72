import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import type { SignalDefinition, UpdateDefinition } from '@temporalio/common';
import type { Judgement } from '../../domain/input.ts';
import type { Proof, RunStatementKind } from '../../domain/statement.ts';
import { noticeReset } from './reset.ts';
import { now, publish, type Run } from './run.ts';
import { verify } from './verification.ts';

type Refused = Extract<Judgement<unknown, string>, { refused: string }>;

/** One thing that people say to a run, as a signal and as an update. */
export interface Message<Said, Answer> {
  what: RunStatementKind;
  /** Everything but the signature. Synchronous and total. */
  judge: (input: unknown) => Judgement<Said, string>;
  mustSign: (said: Said) => boolean;
  /** What speaks against it although the signature is good: its name, and a sentence. */
  objectTo?: (said: Said, proof: Proof) => [string, string] | undefined;
  accept: (said: Said, proof?: Proof) => Answer;
}

/** Both have the same payload and the same rules: the update answers at once, the signal works from every client. */
export function hearAs<Said, Answer, Input>(
  run: Run,
  message: Message<Said, Answer>,
  [update, signal]: [UpdateDefinition<Answer, [Input | undefined]>, SignalDefinition<[Input | undefined]>],
  description: string,
): void {
  setHandler(update, (input) => answer(run, message, input), {
    validator: (input) => check(message, input),
    description,
  });
  setHandler(signal, (input) => hear(run, message, input), { description });
}

type Heard<Answer> = { answer: Answer } | Refused;

/** Validators are synchronous and total: a promise would be dropped, and its refusal with it. */
function check<S, A>(message: Message<S, A>, input: unknown): void {
  const judged = message.judge(input);
  if ('refused' in judged) throw refusal(judged);
}

/** Validators do not run on replay, and a signal may have come between: the handler judges for itself. */
function answer<S, A>(run: Run, message: Message<S, A>, input: unknown): A | Promise<A> {
  const heard = listen(run, message, input);
  if (!(heard instanceof Promise)) return orThrow(heard);
  return heard.then((later) => {
    // Its refusal is no matter of the sender alone: somebody may be trying keys.
    if ('refused' in later) refuse(run, message.what, input, later);
    return orThrow(later);
  });
}

/** A signal cannot be answered, so a wrong one is counted and shown. */
function hear<S, A>(run: Run, message: Message<S, A>, input: unknown): void | Promise<void> {
  const note = (heard: Heard<A>) => {
    if ('refused' in heard) refuse(run, message.what, input, heard);
  };
  const heard = listen(run, message, input);
  return heard instanceof Promise ? heard.then(note) : note(heard);
}

/** Synchronous where no signature is needed: nothing can then come between the judging and the counting. */
function listen<S, A>(run: Run, message: Message<S, A>, input: unknown): Heard<A> | Promise<Heard<A>> {
  noticeReset(run);
  const first = message.judge(input);
  if ('refused' in first) return first;
  if (message.mustSign(first.counts)) return listenWithProof(run, message, input);
  return { answer: message.accept(first.counts) };
}

async function listenWithProof<S, A>(run: Run, message: Message<S, A>, input: unknown): Promise<Heard<A>> {
  const { what } = message;
  const expected = `This ${what} did not count.`;
  const checked = await verify(run, what, input as Record<string, unknown>);
  if ('refused' in checked) return { ...checked, expected };
  // Much may have happened meanwhile: another vote, the deadline, a reset, another plan.
  noticeReset(run);
  const again = message.judge(input);
  if ('refused' in again) return again;
  const objection = message.objectTo?.(again.counts, checked.proof);
  if (objection) return { refused: objection[0], sentence: objection[1], expected };
  return { answer: message.accept(again.counts, checked.proof) };
}

function orThrow<A>(heard: Heard<A>): A {
  if ('refused' in heard) throw refusal(heard);
  return heard.answer;
}

/** What was expected comes first: the Web UI shows the message in a small box, with a stack trace behind it. */
function refusal({ expected, sentence, refused }: Refused): ApplicationFailure {
  const hint = expected.startsWith('{') ? `Expected ${expected}` : expected;
  return ApplicationFailure.nonRetryable(`${hint}\n${sentence}`, refused);
}

const refusedKept = 50;

export function refuse(
  run: Run,
  what: string,
  input: unknown,
  { refused: name, sentence }: { refused: string; sentence: string },
): void {
  const { refused } = run.state;
  run.state.refusedCount += 1;
  refused.push({ at: now(), what, why: `${name}: ${sentence}`.slice(0, 300), by: nameIn(input) });
  if (refused.length > refusedKept) refused.shift();
  publish(run);
}

function nameIn(input: unknown): string {
  const by = typeof input === 'object' && input !== null && 'by' in input ? input.by : undefined;
  return typeof by === 'string' && by.trim() !== '' ? by.trim().slice(0, 80) : 'unknown';
}
