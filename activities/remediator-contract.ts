import type { Remediator } from '../domain/etcd/platform.ts';
import type { ActResult } from './contract.ts';

/** What else might replace or reboot a master is paused while a runbook works on one. */
export interface RemediatorActivities {
  /** Exactly those of the pins, in the name of this run. One that somebody else has paused meanwhile stays theirs. */
  pauseRemediators(input: PauseInput): Promise<ActResult>;
  /** Takes away what this run has put there, and nothing else. */
  resumeRemediators(input: PauseInput): Promise<ActResult>;
}

export interface PauseInput {
  cluster: string;
  pins: { runId: string; remediators: Pick<Remediator, 'kind' | 'namespace' | 'name'>[] };
}
