import type { RemediatorPin } from '../domain/etcd/platform.ts';
import type { ActResult } from './contract.ts';

/** What else might replace or reboot a master is paused while a runbook works on one. */
export interface RemediatorActivities {
  /**
   * Exactly those of the pins, in the name of this run. One that somebody else has paused meanwhile stays theirs, another run of
   * ours too as long as it goes on; the word of one that is over becomes this run's, for nobody else would take it away.
   */
  pauseRemediators(input: PauseInput): Promise<ActResult>;
  /** Takes away what this run has put there, and nothing else. */
  resumeRemediators(input: PauseInput): Promise<ActResult>;
}

export interface PauseInput {
  cluster: string;
  pins: { runId: string; remediators: RemediatorPin[] };
}
