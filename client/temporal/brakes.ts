import { setTimeout as sleep } from 'node:timers/promises';
import { brakeFrom, type BrakeReading, type BrakeRequest } from '../../domain/brake.ts';
import { describeRun, findBrake } from '../../domain/brake-reading.ts';
import { brakeStateQuery, brakeWorkflowId, releaseUpdate, runbookQueue } from '../../workflows/messages.ts';
import { failure } from '../failure.ts';
import type { BrakeGateway } from '../gateway.ts';
import type { Session } from './connect.ts';
import { ANSWER_MS, answered, asked, delivered, takenUp } from './delivered.ts';
import { translated } from './errors.ts';

const LOOK_EVERY_MS = 150;

export function brakeGateway(session: Session): BrakeGateway {
  const handle = (cluster: string) => session.client.workflow.getHandle(brakeWorkflowId(cluster));
  const on = <T>(cluster: string, doing: string, call: () => Promise<T>) =>
    translated({ place: session.place, cluster, doing: `${doing} the brake of ${cluster}` }, call);
  return {
    read: (cluster) => on(cluster, 'look at', () => answered(session, () => read(session, cluster))),
    state: (cluster) =>
      on(cluster, 'ask about', () => asked(session, () => handle(cluster).query(brakeStateQuery))),
    putOn: (request) => on(request.cluster, 'put on', () => putOn(session, request)),
    release: (cluster, release) =>
      on(cluster, 'release', () =>
        delivered(session, () => handle(cluster).startUpdate(releaseUpdate, { ...takenUp, args: [release] })),
      ),
  };
}

async function read({ client }: Session, cluster: string): Promise<BrakeReading> {
  return await findBrake(client.workflow, brakeWorkflowId(cluster));
}

/** Another pause may stand under the brake's id, and turn out not to count: then there is room for this one. */
const TRIES = 3;

async function putOn(session: Session, request: BrakeRequest): Promise<'on' | 'on already' | 'unconfirmed'> {
  const { cluster } = request;
  for (let tries = 1; tries <= TRIES; tries++) {
    const isOurs = await start(session, request);
    const stands = await confirmed(session, cluster);
    if (stands === 'unconfirmed') return stands;
    if (stands === 'on') return isOurs ? 'on' : 'on already';
    if (isOurs) throw await refusal(session, cluster);
  }
  const what = `The brake of ${cluster} is not on: another pause stood in the way, and ended, ${TRIES} times.`;
  throw failure('RefusedByRun', { what, next: 'Pause again.' });
}

/** False: a brake is there already. No worker is needed to ask for it: the first that comes finds it. */
async function start(session: Session, request: BrakeRequest): Promise<boolean> {
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
    return true;
  } catch (error) {
    if ((error as Error).name !== 'WorkflowExecutionAlreadyStartedError') throw error;
    return false;
  }
}

/** `on`, or how the newest pause ended instead; only of that one, for a failed one may have an older brake behind it. */
async function confirmed(session: Session, cluster: string): Promise<string> {
  for (const until = Date.now() + ANSWER_MS; Date.now() < until;) {
    const described = await answered(session, () =>
      describeRun(session.client.workflow, brakeWorkflowId(cluster)),
    );
    const { state } = brakeFrom(described);
    if (state === 'on') return 'on';
    if (state === 'off') return described?.status.name ?? 'gone';
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
  const { message = 'its workflow ended and gave no reason', type } = (cause ?? {}) as {
    message?: string;
    type?: string;
  };
  return failure('RefusedByRun', { what: `The brake of ${cluster} is not on: ${message}`, reason: type });
}
