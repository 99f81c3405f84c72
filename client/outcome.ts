import type { Outcome, RunState } from '../domain/run.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';

/** The exit code that says how a run stands. */
export function exitCodeOfState(state: RunState): ExitCode {
  if (state.outcome) return exitCodeOfOutcome(state.outcome);
  return waitsForPerson(state) ? exitCodes.waiting : exitCodes.done;
}

export function waitsForPerson(state: RunState): boolean {
  return state.phase === 'waiting-for-approval' || state.phase === 'blocked';
}

export function exitCodeOfOutcome({ status, owed }: Outcome): ExitCode {
  switch (status) {
    case 'healed':
      // A script must not call done what somebody still has to see to.
      return owed === undefined ? exitCodes.done : exitCodes.findings;
    case 'resolved':
    case 'dry-run':
      return exitCodes.done;
    case 'owed':
      return exitCodes.findings;
    case 'refused':
      return exitCodes.refused;
    case 'rejected':
    case 'aborted':
    case 'superseded':
      return exitCodes.usage;
    case 'expired':
      return exitCodes.timedOut;
  }
}
