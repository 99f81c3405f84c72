import type { AwaitEtcdInput } from '../../activities/etcd-contract.ts';
import type { EtcdPlan } from '../../domain/etcd/plan.ts';
import { labelled, type Hands } from './activities.ts';
import type { Memory } from './etcd-look.ts';
import { unlessAborted } from './looking.ts';
import type { Run } from './run.ts';
import { withheldAct } from './step-runner.ts';

/** All that a step of EtcdRecovery is carried out with. */
export interface EtcdStage {
  run: Run;
  hands: Hands;
  plan: EtcdPlan;
  memory: Memory;
}

/** A worker that is away for a while does not use up the time for the goal. */
const workerAwayMs = 30 * 60_000;

/**
 * Waits for what others do: the operator, the kubelet, etcd itself. An abort is obeyed at once, since this only looks.
 * Throws `ActWithheld` then, and what `awaitEtcd` throws.
 */
export async function awaitGoal(
  { run, hands, plan }: EtcdStage,
  what: Pick<AwaitEtcdInput, 'goal' | 'after' | 'timeoutMs'> & { soakMs?: number },
  line: string,
): Promise<{ proofs: string[] }> {
  const { cluster, pins } = plan;
  const options = {
    ...labelled(line),
    startToCloseTimeout: what.timeoutMs + 60_000,
    scheduleToCloseTimeout: what.timeoutMs + workerAwayMs,
  };
  const seen = await unlessAborted(run, () =>
    hands.etcd.observe.awaitEtcd.executeWithOptions(options, [{ cluster, pins, soakMs: 0, ...what }]),
  );
  if (!seen) throw withheldAct('stopped while it waited');
  return seen.value;
}
