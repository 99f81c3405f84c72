import { planOf } from '../domain/plan.ts';
import type { Verdict, WaitReason } from '../domain/verdict.ts';
import type { RecoveryInput, RecoveryResult } from './messages.ts';
import { decisions, labelled, type Hands } from './steps/activities.ts';
import { conduct } from './steps/conduct.ts';
import type { Pace, Runbook } from './steps/runbook.ts';
import { decisionOn, etcdPolicyOf, observeEtcd, type Memory } from './steps/etcd-look.ts';
import { etcdProcedure, isEtcdStep } from './steps/etcd-steps.ts';
import type { Run } from './steps/run.ts';

/**
 * Replaces one etcd member that is bad for good, or mends it where it stands, among healthy ones: a snapshot first, then the
 * removal, then as little as it takes to have the operator bring a new one. The acts stand in steps/etcd-steps.ts;
 * docs/runbooks/etcd-recovery.md is the page for people.
 */
export function EtcdRecovery(input: RecoveryInput): Promise<RecoveryResult> {
  return conduct(runbookWith({}), input);
}

function runbookWith(memory: Memory): Runbook {
  return {
    name: 'EtcdRecovery',
    look: (run, hands) => look(run, hands, memory),
    healthy: 'EtcdHealthy',
    knowsStep: isEtcdStep,
    procedure: (run, hands, plan) =>
      etcdProcedure({ run, hands, plan: planOf('EtcdRecovery', plan), memory }),
    achieved: ({ cluster, target }) => ({
      sentence: `Every member of etcd on ${cluster} is a healthy voter, the one on ${target} again, and all hold the same data.`,
    }),
    pace: () => pace(memory),
  };
}

async function look(run: Run, hands: Hands, memory: Memory): Promise<Verdict> {
  const { cluster } = run.request;
  const reading = labelled('Read the policy');
  const [{ policy, etcd, scripts }, observation] = await Promise.all([
    hands.observe.readPolicy.executeWithOptions(reading, [{ cluster }]),
    observeEtcd(run, hands, memory, labelled(`Look at etcd on ${cluster}`)),
  ]);
  run.policy = policy;
  run.state.approvals = policy.approvals;
  Object.assign(memory, { scripts, policy: etcd });
  if (observation.operator.known) memory.revision = observation.operator.value.latestAvailableRevision;
  const verdict = await decisions.decideEtcdRecovery.executeWithOptions(labelled('Decide'), [
    decisionOn(run, observation, memory),
  ]);
  if (verdict.kind === 'wait') memory.waitsFor = verdict.reason;
  return verdict;
}

const lookEveryMs = 20_000;

/** Each look asks every master over ssh, for seconds: what takes half an hour is not asked for as often as what takes minutes. */
const seldomMs: Partial<Record<WaitReason, number>> = {
  RollOutInProgress: 30_000,
  MachineLags: 30_000,
  UpgradeInProgress: 60_000,
  MachineConfigRollOut: 60_000,
};

/**
 * Some of what is waited for takes half an hour: a roll-out, an upgrade, a Machine that follows. The decision itself says when
 * that was long enough, and the run is there to hear it. Each look adds some 100 kB to the history.
 */
function pace(memory: Memory): Pace {
  const { patienceMs, machinePatienceMs, operatorGraceMs } = etcdPolicyOf(memory);
  return {
    everyMs: (memory.waitsFor && seldomMs[memory.waitsFor]) ?? lookEveryMs,
    atMostMs: Math.max(patienceMs, machinePatienceMs) + operatorGraceMs + 5 * 60_000,
  };
}
