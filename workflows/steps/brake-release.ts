import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import type { BrakeRelease, BrakeState } from '../../domain/brake.ts';
import { judgeRelease, signedRefusal } from '../../domain/brake-words.ts';
import type { Proof, Subject } from '../../domain/statement.ts';
import { brakeStateQuery, releaseSignal, releaseUpdate } from '../messages.ts';
import { describeFailure } from './failures.ts';
import { now } from './run.ts';
import { verify } from './verification.ts';
import { noVerifications, type Verifications } from './verifications.ts';

const refusedKept = 20;

/** Registers what a brake listens to, before the first await: no message ever finds nobody at home. */
export function listenForRelease(state: BrakeState, show: () => void): void {
  setHandler(brakeStateQuery, () => state, {
    description: 'Who put the brake on, why and since when, as data.',
  });
  const description =
    'Let the cluster\'s runs go on: {"by":"you","reason":"…"}; signed where approvals are signed.';
  const verifications = noVerifications();
  setHandler(
    releaseUpdate,
    async (input) => {
      const { by } = await release(state, verifications, input);
      show();
      return `Released by ${by}: the runs of ${state.cluster} go on where they hold.`;
    },
    { validator: (input) => void judged(state, input), description },
  );
  setHandler(
    releaseSignal,
    async (input) => {
      try {
        await release(state, verifications, input);
      } catch (error) {
        const { type, message } = describeFailure(error);
        refuse(state, `${type}: ${message}`, nameIn(input));
      }
      show();
    },
    { description },
  );
}

/** A cancel request means nothing here, and a person is told what does. */
export function refuseCancel(state: BrakeState, show: () => void): void {
  refuse(state, 'A cancel request releases nothing: send `release`, or `cpr resume`.', 'cancel request');
  show();
}

/** Judged again after the signature was looked at: another release may have come first, or its time may have run out. */
async function release(
  state: BrakeState,
  verifications: Verifications,
  input: unknown,
): Promise<BrakeRelease> {
  const said = judged(state, input);
  if (state.phase === 'verifying')
    throw no('BrakeNotOn', 'Whether this brake counts is being found out; release it when it is on.');
  const proof = state.mode === 'signed' ? await proved(state, verifications, said) : undefined;
  const { by, reason } = said;
  state.phase = 'released';
  state.released = { by, reason, at: now(), ...(proof ? { proof } : {}) };
  return said;
}

async function proved(state: BrakeState, verifications: Verifications, said: BrakeRelease): Promise<Proof> {
  requireAbout(state, said);
  const verified = await verify({ state, verifications }, 'resume', { ...said });
  if ('refused' in verified) throw no(verified.refused, verified.sentence);
  judged(state, said);
  requireAbout(state, said);
  return verified.proof;
}

/** It must name the brake that it releases, and count now. */
function requireAbout(state: BrakeState, said: BrakeRelease): void {
  const { cluster, workflow, firstRun, nonce } = state;
  const subject: Subject = { kind: 'resume', cluster, workflow, firstRun, plan: '', nonce };
  const refusal = signedRefusal(said, subject, now());
  if (refusal) throw no(refusal.refused, refusal.sentence);
}

function judged(state: BrakeState, input: unknown): BrakeRelease {
  const judgement = judgeRelease(input, state);
  if ('counts' in judgement) return judgement.counts;
  throw no(judgement.refused, `Expected ${judgement.expected}\n${judgement.sentence}`);
}

function no(type: string, sentence: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(sentence, type);
}

function refuse(state: BrakeState, why: string, by: string): void {
  state.refusedCount += 1;
  state.refused.push({ at: now(), what: 'release', why: why.slice(0, 300), by });
  if (state.refused.length > refusedKept) state.refused.shift();
}

function nameIn(input: unknown): string {
  const by = typeof input === 'object' && input !== null && 'by' in input ? input.by : undefined;
  return typeof by === 'string' && by.trim() !== '' ? by.trim().slice(0, 80) : 'unknown';
}
