import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Vote } from '../../domain/approval.ts';
import type { AbortRequest, RecoveryRequest, ResolveStep, RunState } from '../../domain/run.ts';
import {
  abortUpdate,
  recoveryWorkflowId,
  reportQuery,
  resolveStepUpdate,
  runbookQueue,
  stateQuery,
  supersedeUpdate,
  voteUpdate,
  type RecoveryResult,
  type VoteAnswer,
} from '../../workflows/messages.ts';
import { failure } from '../failure.ts';
import type { RunRef, RunSummary, StartableRunbook, StartedRun } from '../gateway.ts';
import type { Session } from './connect.ts';
import { answered, asked, delivered, takenUp } from './delivered.ts';
import { translated, type Attempt } from './errors.ts';

export async function startRecovery(
  session: Session,
  request: RecoveryRequest,
  runbook: StartableRunbook = 'KubeletAuthRecovery',
): Promise<StartedRun> {
  const { cluster } = request;
  const workflowId = recoveryWorkflowId(cluster);
  try {
    const handle = await session.client.workflow.start(runbook, {
      workflowId,
      taskQueue: runbookQueue,
      args: [request],
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: summaryOf(request, runbook),
      staticDetails: detailsOf(request, runbook),
    });
    return { cluster, workflowId, runId: handle.firstExecutionRunId, started: true };
  } catch (error) {
    if ((error as Error).name === 'WorkflowExecutionAlreadyStartedError')
      return attach(session, request, runbook);
    return translated(attempt(session, cluster, `start ${workflowId}`), () => Promise.reject(error));
  }
}

/** One mutator per cluster. The open run is joined only when it is the same runbook, for the same node. */
async function attach(
  session: Session,
  request: RecoveryRequest,
  runbook: StartableRunbook,
): Promise<StartedRun> {
  const { cluster } = request;
  const open = await newestRun(session, cluster);
  if (!open)
    throw failure('NoRecovery', {
      what: `The open recovery of ${cluster} ended just now.`,
      next: 'Try again.',
    });
  const node = open.runbook === runbook && request.node ? (await state(session, open)).node : undefined;
  const other =
    open.runbook !== runbook
      ? open.runbook
      : node !== undefined && node !== request.node
        ? `${runbook} of ${node}`
        : undefined;
  if (other === undefined) return { cluster, workflowId: open.workflowId, runId: open.runId, started: false };
  throw failure('AnotherRecoveryOpen', {
    what: `${other} is open on ${cluster}; one recovery at a time per cluster.`,
    where: `${open.workflowId}, since ${open.startedAt.toISOString()}`,
    next: `\`cpr watch ${cluster}\` follows it; \`cpr abort ${cluster} --reason '…'\` ends it.`,
  });
}

export async function newestRun(session: Session, cluster: string): Promise<RunSummary | undefined> {
  try {
    const handle = session.client.workflow.getHandle(recoveryWorkflowId(cluster));
    return summarize(await answered(session, () => handle.describe()), cluster);
  } catch (error) {
    if ((error as Error).name === 'WorkflowNotFoundError') return undefined;
    return translated(attempt(session, cluster, `look for recovery/${cluster}`), () => Promise.reject(error));
  }
}

export async function openRuns(session: Session): Promise<RunSummary[]> {
  const query = `WorkflowType IN ('KubeletAuthRecovery', 'EtcdRecovery', 'Cleanup') AND ExecutionStatus = 'Running'`;
  return translated(attempt(session, '', 'list the open recoveries'), async () => {
    const prefix = recoveryWorkflowId('');
    const runs: RunSummary[] = [];
    for await (const info of session.client.workflow.list({ query })) {
      if (info.workflowId.startsWith(prefix))
        runs.push(summarize(info, info.workflowId.slice(prefix.length)));
    }
    return runs;
  });
}

/** What `describe` and `list` have in common. */
interface Listed {
  type: string;
  workflowId: string;
  runId: string;
  status: { name: string };
  startTime: Date;
  closeTime?: Date | undefined;
}

function summarize(info: Listed, cluster: string): RunSummary {
  return {
    cluster,
    workflowId: info.workflowId,
    runId: info.runId,
    runbook: info.type,
    status: info.status.name,
    startedAt: info.startTime,
    ...(info.closeTime ? { closedAt: info.closeTime } : {}),
  };
}

export function state(session: Session, run: RunRef): Promise<RunState> {
  const asking = attempt(session, run.cluster, `ask for the state of ${run.workflowId}`);
  return translated(asking, () => asked(session, () => handleOf(session, run).query(stateQuery)));
}

export function report(session: Session, run: RunRef): Promise<string> {
  const asking = attempt(session, run.cluster, `ask for the report of ${run.workflowId}`);
  return translated(asking, () => asked(session, () => handleOf(session, run).query(reportQuery)));
}

export function result(session: Session, run: RunRef): Promise<RecoveryResult> {
  const asking = attempt(session, run.cluster, `read the result of ${run.workflowId}`);
  return translated(asking, () => handleOf(session, run).result() as Promise<RecoveryResult>);
}

/**
 * The update id is made of all that is said: the same vote sent twice, by a retry or pasted again, counts once, and one that
 * is signed anew, or given anew after a withdrawal, is not answered with what became of the one before.
 */
export function vote(session: Session, run: RunRef, cast: Vote): Promise<VoteAnswer> {
  const said = createHash('sha256').update(canonicalize(cast) ?? '');
  const updateId = `vote:${cast.gate}:${said.digest('hex')}`;
  const asking = attempt(session, run.cluster, `send the vote to ${run.workflowId}`);
  return translated(asking, () =>
    delivered(session, () =>
      handleOf(session, run).startUpdate(voteUpdate, { ...takenUp, args: [cast], updateId }),
    ),
  );
}

export function resolve(session: Session, run: RunRef, decision: ResolveStep): Promise<string> {
  const asking = attempt(session, run.cluster, `send the decision to ${run.workflowId}`);
  return translated(asking, () =>
    delivered(session, () =>
      handleOf(session, run).startUpdate(resolveStepUpdate, { ...takenUp, args: [decision] }),
    ),
  );
}

export function abort(session: Session, run: RunRef, request: AbortRequest): Promise<string> {
  const asking = attempt(session, run.cluster, `send the abort to ${run.workflowId}`);
  return translated(asking, () =>
    delivered(session, () =>
      handleOf(session, run).startUpdate(abortUpdate, { ...takenUp, args: [request] }),
    ),
  );
}

export function supersede(session: Session, run: RunRef, request: AbortRequest): Promise<string> {
  const asking = attempt(session, run.cluster, `ask ${run.workflowId} to make room`);
  return translated(asking, () =>
    delivered(session, () =>
      handleOf(session, run).startUpdate(supersedeUpdate, { ...takenUp, args: [request] }),
    ),
  );
}

function handleOf({ client }: Session, run: RunRef) {
  return client.workflow.getHandle(run.workflowId, run.runId);
}

function attempt({ place }: Session, cluster: string, doing: string): Attempt {
  return { place, cluster, doing };
}

/** Stays far under the server's 400 bytes: names in an inventory are at most 63 and 253 characters. */
function summaryOf({ cluster, node, dryRun }: RecoveryRequest, runbook: StartableRunbook): string {
  const where = node ? `${node} in ${cluster}` : cluster;
  if (runbook === 'Cleanup') return `${dryRun ? 'Plan to clean' : 'Clean'} up: ${where}`.slice(0, 190);
  const what = runbook === 'EtcdRecovery' ? 'an etcd member' : 'kubelet authentication';
  return `${dryRun ? 'Plan' : 'Recover'} ${what}: ${where}`.slice(0, 190);
}

function detailsOf({ cluster, node, requester, dryRun }: RecoveryRequest, runbook: StartableRunbook): string {
  const affected = runbook === 'Cleanup' ? '' : 'the affected master of ';
  const where = node ? `\`${node}\` of \`${cluster}\`` : `${affected}\`${cluster}\``;
  const what = runbook === 'Cleanup' ? 'Clean up after a run that was terminated on' : 'Recover';
  // Two short paragraphs: the Web UI shows no more of it without scrolling.
  return [
    `${what} ${where}, asked for by \`${requester.replaceAll('`', "'")}\` with \`cpr\`.`,
    dryRun
      ? 'A dry run: it ends with the plan and changes nothing.'
      : 'It changes nothing before its plan is approved.',
  ].join('\n\n');
}

export function shortId(): string {
  return crypto.randomUUID().slice(0, 8);
}
