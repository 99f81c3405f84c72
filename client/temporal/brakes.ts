import { setTimeout as sleep } from 'node:timers/promises';
import { brakeFrom, type BrakeReading, type BrakeRequest, type DescribedBrake } from '../../domain/brake.ts';
import { brakeStateQuery, brakeWorkflowId, releaseUpdate, runbookQueue } from '../../workflows/messages.ts';
import { failure } from '../failure.ts';
import type { BrakeGateway } from '../gateway.ts';
import type { Session } from './connect.ts';
import { ANSWER_MS, answered, delivered, takenUp } from './delivered.ts';
import { translated } from './errors.ts';

const LOOK_EVERY_MS = 150;

export function brakeGateway(session: Session): BrakeGateway {
  const handle = (cluster: string) => session.client.workflow.getHandle(brakeWorkflowId(cluster));
  const on = <T>(cluster: string, doing: string, call: () => Promise<T>) =>
    translated({ place: session.place, cluster, doing: `${doing} the brake of ${cluster}` }, call);
  return {
    read: (cluster) => on(cluster, 'look at', () => read(session, cluster)),
    state: (cluster) =>
      on(cluster, 'ask about', () => answered(session, () => handle(cluster).query(brakeStateQuery))),
    putOn: (request) => on(request.cluster, 'put on', () => putOn(session, request)),
    release: (cluster, release) =>
      on(cluster, 'release', () =>
        delivered(session, () => handle(cluster).startUpdate(releaseUpdate, { ...takenUp, args: [release] })),
      ),
  };
}

async function read(session: Session, cluster: string): Promise<BrakeReading> {
  return brakeFrom(await describe(session, cluster));
}

async function describe(session: Session, cluster: string): Promise<DescribedBrake | undefined> {
  const handle = session.client.workflow.getHandle(brakeWorkflowId(cluster));
  try {
    const { status, startTime, memo } = await answered(session, () => handle.describe());
    return { status: status.name, startedAt: startTime.toISOString(), memo };
  } catch (error) {
    if ((error as Error).name === 'WorkflowNotFoundError') return undefined;
    throw error;
  }
}

/** No worker is needed to ask for it: where none answers nothing acts either, and the first that comes finds it. */
async function putOn(session: Session, request: BrakeRequest): Promise<'on' | 'on already' | 'unconfirmed'> {
  const { cluster, by } = request;
  try {
    await session.client.workflow.start('Brake', {
      workflowId: brakeWorkflowId(cluster),
      taskQueue: runbookQueue,
      args: [request],
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: `Brake of ${cluster}: no run begins another act`.slice(0, 190),
      staticDetails: `Put on by \`${by.replaceAll('`', "'")}\` with \`cpr\`. Who, why, and how to release it stand in the current details.`,
    });
  } catch (error) {
    if ((error as Error).name !== 'WorkflowExecutionAlreadyStartedError') throw error;
    return 'on already';
  }
  return await confirmed(session, cluster);
}

async function confirmed(session: Session, cluster: string): Promise<'on' | 'unconfirmed'> {
  for (const until = Date.now() + ANSWER_MS; Date.now() < until;) {
    const described = await describe(session, cluster);
    if (brakeFrom(described).state === 'on') return 'on';
    if (described?.status === 'FAILED') throw await refusal(session, cluster);
    await sleep(LOOK_EVERY_MS);
  }
  return 'unconfirmed';
}

/** Why the pause did not count: the brake's own words. */
async function refusal(session: Session, cluster: string): Promise<Error> {
  const { cause } = await session.client.workflow
    .getHandle(brakeWorkflowId(cluster))
    .result()
    .then(
      () => ({ cause: undefined }),
      (error: unknown) => ({ cause: (error as Error).cause }),
    );
  const { message = 'it gave no reason', type } = (cause ?? {}) as { message?: string; type?: string };
  return failure('RefusedByRun', { what: `The brake of ${cluster} is not on: ${message}`, reason: type });
}
