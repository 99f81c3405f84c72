import { condition } from '@temporalio/workflow';
import type { Proceed, RefusalReason, Refuse, Verdict } from '../../domain/verdict.ts';
import { aborted, couldNotLook, refused, resolved, waitedInVain } from './endings.ts';
import { describeFailure } from './failures.ts';
import { holdWhilePaused } from './hold.ts';
import { unlessAborted } from './looking.ts';
import { tell, type Ending, type Run } from './run.ts';
import type { Pace, Runbook } from './runbook.ts';

/** What looking has come to: a plan to ask for, or the end. */
export type Judged = { kind: 'proposal'; proposal: Proceed } | { kind: 'ending'; ending: Ending };

/** What a verdict waits for comes within minutes, or not by itself; and each look fills the history. */
const usualPace: Pace = { everyMs: 10_000, atMostMs: 10 * 60_000 };

/** What the looks of one wait have come to. */
interface Waiting {
  since: number;
  /** The newest verdict, in a word: it is told once per reason, not once per look. */
  told: string;
  /** A verdict that waits has named the fault. */
  hasSeenFault: boolean;
  /** Looks in turn that may have failed by chance. */
  blips: number;
  pace: Pace;
}

/** Looks and decides until there is a proposal or a reason to end. */
export async function judge(runbook: Runbook, run: Run, look: () => Promise<Verdict>): Promise<Judged> {
  const waiting: Waiting = { since: Date.now(), told: '', hasSeenFault: false, blips: 0, pace: usualPace };
  for (;;) {
    const seen = await lookOnce(run, look);
    if ('ending' in seen) return { kind: 'ending', ending: seen.ending };
    const { verdict } = seen;
    run.state.verdict = verdict;
    if (verdict.kind === 'proceed') return { kind: 'proposal', proposal: verdict };
    if (verdict.kind === 'refuse' && !isPassing(run, verdict, waiting))
      return { kind: 'ending', ending: end(runbook, run, verdict, waiting.hasSeenFault) };
    if (verdict.kind === 'refuse') waiting.blips += 1;
    // A blip in the midst of an hour's wait does not make it a wait of minutes.
    else Object.assign(waiting, { hasSeenFault: true, blips: 0, pace: runbook.pace?.() ?? usualPace });
    if (Date.now() > waiting.since + waiting.pace.atMostMs)
      return { kind: 'ending', ending: waitedInVain(verdict) };
    tellOnce(run, waiting, verdict);
    await waitToLookAgain(run, waiting.pace.everyMs);
  }
}

/** The page shows the newest one anyway. */
function tellOnce(run: Run, waiting: Waiting, verdict: Exclude<Verdict, Proceed>): void {
  const reason = `${verdict.kind} ${verdict.reason}`;
  if (reason !== waiting.told) tell(run, `Looking again: ${verdict.because}`);
  waiting.told = reason;
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
export async function judgeUnpaused(
  runbook: Runbook,
  run: Run,
  look: () => Promise<Verdict>,
): Promise<Judged> {
  for (;;) {
    const judged = await judge(runbook, run, look);
    if (judged.kind === 'ending') return judged;
    const held = await holdWhilePaused(run);
    if (held === 'not' || (held === 'moot' && !run.abort)) return judged;
  }
}

/**
 * Once a person has approved, or the run has waited, a blip must not throw that away: a lost packet, a lease that changes hands
 * or an API server that restarts is looked at three times. So is a first look that came back with holes.
 */
function isPassing(run: Run, { reason }: Refuse, { hasSeenFault, blips }: Waiting): boolean {
  if (blips >= 2) return false;
  if (run.state.gate !== undefined) return passing.includes(reason);
  return hasSeenFault ? unread.includes(reason) : holes.includes(reason);
}

/** The look did not tell enough; what could not be reached at all says so at once. */
const holes: RefusalReason[] = ['EvidenceIncomplete', 'SurvivorsDisagree', 'LeaderUnclear'];

/** Nothing is known to stand in the way. */
const unread: RefusalReason[] = [...holes, 'ApiUnreachable', 'NodeUnreachable', 'OtherMasterUnknown'];

const passing: RefusalReason[] = [
  ...unread,
  'OtherMasterUnhealthy',
  'SignerDown',
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
