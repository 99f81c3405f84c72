import { setTimeout as sleep } from 'node:timers/promises';
import type { ScheduleDescription, ScheduleHandle } from '@temporalio/client';
import {
  healthCheckScheduleId,
  runbookQueue,
  type HealthCheckInput,
  type HealthCheckResult,
} from '../../workflows/messages.ts';
import { failure } from '../failure.ts';
import type { ScheduleGateway, ScheduleView } from '../gateway.ts';
import type { Session } from './connect.ts';
import { translated } from './errors.ts';

const MAX_JITTER_MS = 30_000;

export function scheduleGateway(session: Session): ScheduleGateway {
  const handle = (cluster: string) => session.client.schedule.getHandle(healthCheckScheduleId(cluster));
  const on = <T>(cluster: string, doing: string, call: () => Promise<T>) =>
    translated({ place: session.place, cluster, doing: `${doing} the schedule of ${cluster}` }, call);
  return {
    set: (cluster, everyMs) => on(cluster, 'set', () => setSchedule(session, cluster, everyMs)),
    show: (cluster) => on(cluster, 'read', () => show(session, cluster)),
    pause: (cluster, note) =>
      on(cluster, 'pause', async () => {
        await handle(cluster).pause(note);
        await untilShown(cluster, handle(cluster), ({ state }) => state.paused);
      }),
    resume: (cluster, note) =>
      on(cluster, 'resume', async () => {
        await handle(cluster).unpause(note);
        await untilShown(cluster, handle(cluster), ({ state }) => !state.paused);
      }),
    trigger: (cluster) => on(cluster, 'trigger', () => handle(cluster).trigger()),
    remove: (cluster) => on(cluster, 'delete', () => handle(cluster).delete()),
  };
}

/**
 * The server takes a word about a schedule in behind its answer: whoever looks at once must not see the old state, and a pause
 * must not be overtaken by the change before it. Seconds on a busy server; what takes longer is said to be open.
 */
async function untilShown(
  cluster: string,
  handle: ScheduleHandle,
  isShown: (described: ScheduleDescription) => boolean,
): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    if (isShown(await handle.describe())) return;
    await sleep(100);
  }
  throw failure('TimedOut', {
    what: `Temporal has taken the word about the schedule of ${cluster}, and does not show it yet.`,
    next: `\`cpr schedule show ${cluster}\` says what holds; saying it again does no harm.`,
  });
}

async function show(session: Session, cluster: string): Promise<ScheduleView> {
  const described = await session.client.schedule.getHandle(healthCheckScheduleId(cluster)).describe();
  const said = await lastWord(session, described);
  return { ...viewOf(cluster, described), ...(said ? { said } : {}) };
}

/** Of the newest look. One that goes on, has failed or is no longer kept says nothing. */
async function lastWord({ client }: Session, { info }: ScheduleDescription): Promise<ScheduleView['said']> {
  const workflow = info.recentActions.at(-1)?.action.workflow;
  if (!workflow) return undefined;
  try {
    const handle = client.workflow.getHandle(workflow.workflowId, workflow.firstExecutionRunId);
    if ((await handle.describe()).status.name !== 'COMPLETED') return undefined;
    const { findings, recovery, notProposed } = (await handle.result()) as HealthCheckResult;
    return {
      findings: findings.map(({ code, node }) => (node === undefined ? code : `${code} on ${node}`)),
      ...(recovery ? { recovery: recovery.sentence } : {}),
      ...(notProposed === undefined ? {} : { notProposed }),
    };
  } catch {
    return undefined;
  }
}

async function setSchedule(
  { client }: Session,
  cluster: string,
  everyMs: number,
): Promise<'created' | 'changed' | 'already so'> {
  const wanted = scheduleFor(cluster, everyMs);
  const handle = client.schedule.getHandle(healthCheckScheduleId(cluster));
  try {
    await client.schedule.create({ scheduleId: healthCheckScheduleId(cluster), ...wanted });
    return 'created';
  } catch (error) {
    if ((error as Error).name !== 'ScheduleAlreadyRunning') throw error;
  }
  if (intervalOf(await handle.describe()) === everyMs) return 'already so';
  // Whether it is paused, and why, is another person's decision and stays as it is.
  await handle.update(({ state }) => ({ ...wanted, state }));
  await untilShown(cluster, handle, (described) => intervalOf(described) === everyMs);
  return 'changed';
}

/** Overlap is skipped and nothing is caught up: a look that is late is worth nothing. */
function scheduleFor(cluster: string, everyMs: number) {
  const input: HealthCheckInput = { cluster, propose: true };
  return {
    spec: { intervals: [{ every: everyMs }], jitter: Math.min(MAX_JITTER_MS, Math.floor(everyMs / 10)) },
    action: {
      type: 'startWorkflow' as const,
      workflowType: 'HealthCheck',
      workflowId: healthCheckScheduleId(cluster),
      taskQueue: runbookQueue,
      args: [input],
      workflowExecutionTimeout: '10m' as const,
      staticSummary: `Look at ${cluster}; have a plan ready when something is broken`,
    },
    policies: { overlap: 'SKIP' as const, catchupWindow: '1m' as const, pauseOnFailure: false },
  };
}

function viewOf(cluster: string, described: ScheduleDescription): ScheduleView {
  return {
    cluster,
    scheduleId: described.scheduleId,
    everyMs: intervalOf(described),
    paused: described.state.paused,
    note: described.state.note ?? '',
    recent: described.info.recentActions.map(({ takenAt, action }) => ({
      at: takenAt.toISOString(),
      workflowId: action.workflow.workflowId,
    })),
    next: described.info.nextActionTimes.map((at) => at.toISOString()),
  };
}

function intervalOf({ spec }: ScheduleDescription): number {
  return spec.intervals?.[0]?.every ?? 0;
}
