import type { Gateway, RunSummary } from '../../../client/gateway.ts';
import type { RunState } from '../../../domain/run.ts';
import { healthCheck, incident, startedAt } from './states.ts';

export const run: RunSummary = {
  cluster: 'lab',
  workflowId: 'recovery/lab',
  runId: 'a1b2c3d4-0000-4000-8000-000000000000',
  runbook: 'KubeletAuthRecovery',
  status: 'RUNNING',
  startedAt: new Date(startedAt),
};

/** A Temporal in which one recovery of `lab` goes through these states, one for each look. */
export function runThrough(...states: [RunState, ...RunState[]]): Partial<Gateway> {
  const left = [...states];
  const last = states.at(-1)!;
  const next = () => (left.length > 1 ? left.shift()! : last);
  const closed = states.length === 1 && last.outcome !== undefined;
  return {
    newestRun: async () => ({
      ...run,
      ...(closed ? { status: 'COMPLETED', closedAt: new Date(last.outcome!.endedAt) } : {}),
    }),
    diagnose: async () => healthCheck([incident()]),
    startRecovery: async () => ({ ...run, started: true }),
    state: async () => next(),
    result: async () => ({ outcome: last.outcome!, state: last, report: '# Incident\n' }),
    report: async () => '# Incident so far\n',
  };
}
