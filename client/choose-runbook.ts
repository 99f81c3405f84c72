import type { Finding } from '../domain/finding.ts';
import type { HealthCheckResult } from '../workflows/messages.ts';
import type { Context } from './context.ts';
import { CommandFailure } from './failure.ts';
import { recoveryRunbooks, type Gateway, type RecoveryRunbook } from './gateway.ts';
import { isText, say } from './output.ts';
import { waiting } from './waiting.ts';

const LOOK_MS = 60_000;

export interface Choice {
  node?: string;
  /** The open run is about to be ended: its runbook is no answer. */
  fresh?: boolean;
}

/**
 * Which runbook `cpr recover` means: that of the open recovery, else what a look at the cluster finds. Where the look finds
 * nothing that a runbook mends, or does not come about, the run itself looks and says why it refuses.
 */
export async function chooseRunbook(
  context: Context,
  gateway: Gateway,
  cluster: string,
  { node, fresh }: Choice,
): Promise<RecoveryRunbook> {
  const open = fresh ? undefined : await gateway.newestRun(cluster);
  const joined =
    open?.status === 'RUNNING' ? recoveryRunbooks.find((one) => one === open.runbook) : undefined;
  if (joined) return joined;
  try {
    const options = { timeoutMs: LOOK_MS, signal: context.io.signal };
    const look = () => gateway.diagnose(cluster, options);
    const found = await waiting(context, `Looking what ${cluster} needs`, look);
    return runbookFor(found, node);
  } catch (error) {
    if (!(error instanceof CommandFailure) || context.io.signal?.aborted) throw error;
    if (isText(context)) say(context, `Which runbook fits could not be found out: ${error.message}`);
    return 'KubeletAuthRecovery';
  }
}

/** A kubelet comes before its etcd: without authentication it can neither stop nor replace a pod. */
function runbookFor({ findings, etcd }: HealthCheckResult, node?: string): RecoveryRunbook {
  const mine = node === undefined ? findings : findings.filter((one) => (one.node ?? node) === node);
  const fitting = recoveryRunbooks.find((runbook) => mine.some((one) => mends(one, runbook)));
  if (fitting) return fitting;
  // Of a member that is bad in a way that no runbook mends, EtcdRecovery knows best why not.
  const isEtcd = etcd !== undefined && mine.some(({ code }) => code === 'EtcdMemberUnhealthy');
  return isEtcd ? 'EtcdRecovery' : 'KubeletAuthRecovery';
}

function mends({ remedy }: Finding, runbook: RecoveryRunbook): boolean {
  return 'runbook' in remedy && remedy.runbook === runbook;
}
