import type { ActivityOptions } from '@temporalio/workflow';
import { meansOf } from '../../domain/kubelet/rung.ts';
import type { KubeletPlan } from '../../domain/plan.ts';
import type { Conclusion, RunRef, VerifyInput } from '../../activities/contract.ts';
import { labelled, patient, type Hands } from './activities.ts';
import { ladderProcedure, ladderSteps, type LadderStep } from './ladder-steps.ts';
import { proveOthersWell } from './before-restart.ts';
import { describeFailure } from './failures.ts';
import { holdWhilePaused } from './hold.ts';
import { advice, retryFrom } from './kubelet-advice.ts';
import type { Run } from './run.ts';
import { beyondReturn, type Procedure, type StepCode, type StepReport } from './step-runner.ts';

/**
 * Time for the identity, the lease, Ready and the mirror pods to come, besides the time for which they must stay. All of it is the kubelet's own: it
 * looks for its Node again after up to 60 s, makes a mirror pod that it has lost again after up to 90 s, writes its status after 10 s.
 */
const recoveryTimeMs = 240_000;

type KubeletStep =
  | 'backup'
  | 'bootstrap'
  | 'restart'
  | 'approve-csr'
  | 'verify'
  | 'graduate'
  | 'verify-graduated'
  | LadderStep;

const kubeletSteps: Record<KubeletStep, true> = {
  backup: true,
  bootstrap: true,
  restart: true,
  'approve-csr': true,
  verify: true,
  graduate: true,
  'verify-graduated': true,
  ...ladderSteps,
};

export function isKubeletStep(id: string): id is KubeletStep {
  return Object.hasOwn(kubeletSteps, id);
}

/** What later steps must know of earlier ones. */
interface Progress {
  /** Counts restarts that were asked for: each happens once, however often its activity runs. */
  attempt: number;
  /** UIDs of the requests that were there before the newest restart. */
  before: string[];
  /** When this run first restarted the kubelet, ISO 8601: whatever is older was true before the recovery too. */
  since?: string;
  proofs: string[];
  kept: string[];
}

/** How the plan of KubeletAuthRecovery is carried out: one entry for each of its steps, in its order. */
export function kubeletProcedure(
  run: Run,
  hands: Hands,
  plan: KubeletPlan,
): Procedure & { proofs: () => string[] } {
  const { act } = hands;
  const { runId, scripts, server, caSha256, bootstrapSha256, csr, rung, source, bootstrapOwed } = plan.pins;
  const node = { cluster: plan.cluster, node: plan.target };
  // The vote covered the scripts too: a worker that was upgraded since has other ones, and must not run them.
  const mine = { ...node, runId, scripts };
  const progress: Progress = { attempt: 0, before: [], proofs: [], kept: [] };
  const place = { server, caSha256, ...(source === undefined ? {} : { source }) };
  const proof = { ...node, runId, server };
  const owed = bootstrapOwed ? { bootstrapOwed } : {};
  // A credential of an earlier step is put back by the first undo that finds it; each looks before it acts.
  const restore = (label: ActivityOptions) => act.restoreKubeletBackup.executeWithOptions(label, [mine]);
  const conclude = ({ summary }: ActivityOptions, how: Conclusion) =>
    act.concludeRun.executeWithOptions(labelled(`${summary}: say so on the node`), [{ ...mine, how }]);

  const steps: Record<KubeletStep, StepCode> = {
    backup: {
      act: (label) => act.backUpKubelet.executeWithOptions(label, [mine]),
      // Finds nothing to put back, and says that this run is over.
      undo: restore,
    },
    bootstrap: {
      act: (label) =>
        act.installBootstrapCredential.executeWithOptions(label, [
          { ...mine, expectedBootstrapSha256: bootstrapSha256, ...place },
        ]),
      undo: restore,
    },
    restart: { act: (label) => restart(run, hands, { ...mine, plan }, progress, label) },
    'approve-csr': {
      act: async (label) => {
        if (rung === 'R0') await noteWaiting(run, hands, plan, progress, label);
        return await act.approveKubeletCsr.executeWithOptions({ ...label, ...patient }, [
          { ...node, ...csr, before: progress.before },
        ]);
      },
    },
    verify: {
      verifies: true,
      act: (label) => verify(run, hands, { ...proof, stage: 'recovered' }, progress, label),
    },
    graduate: {
      act: (label) =>
        act.installDurableBootstrap.executeWithOptions(label, [
          { ...mine, ...place, expectedBootstrapSha256: bootstrapSha256 },
        ]),
      undo: restore,
    },
    'verify-graduated': {
      verifies: true,
      act: async (label) => {
        const what = { ...proof, ...owed, stage: 'graduated' } as const;
        const report = await verify(run, hands, what, progress, label);
        await conclude(label, 'healed');
        return report;
      },
    },
    ...ladderProcedure(run, hands, plan, {
      restore,
      keep: (sentence) => (progress.kept = [sentence]),
      serves: async (label) => {
        const report = await verify(run, hands, { ...proof, stage: 'serving' }, progress, label);
        await conclude(label, 'left owing');
        return report;
      },
    }),
  };
  return {
    steps,
    retryFrom: (stepId, errorType) => retryFrom(plan, stepId, errorType),
    advice: (stepId, errorType) => advice(plan, stepId, errorType),
    proofs: () => progress.proofs,
    kept: () => progress.kept,
  };
}

/**
 * The requests that are there already are recorded before each restart: the one that comes after it is ours, and "younger"
 * is proved by its UID, not by a clock. A retry records anew and restarts once more, even where the last restart may have
 * happened: the kubelet leaves by itself every five minutes and files a request each time, so that whatever came while
 * the step was blocked is from a process that is gone, and its certificate would reach nobody.
 */
async function restart(
  run: Run,
  hands: Hands,
  { plan, ...mine }: RunRef & { plan: KubeletPlan },
  progress: Progress,
  label: ActivityOptions,
): Promise<StepReport> {
  const { cluster, node } = mine;
  const { rung, unusable } = plan.pins;
  const { act } = hands;
  const aside = unusable === undefined ? {} : { unusable };
  const means = meansOf(rung ?? 'R2b');
  const proving = means === undefined ? {} : { means };
  const noting = labelled(`${label.summary}: note the requests that are there`);
  let uids: string[];
  do {
    const where = { cluster, node, ...(rung === undefined ? {} : { rung }) };
    await proveOthersWell(run, hands, where, label.summary ?? '');
    ({ uids } = await act.recordCsrs.executeWithOptions(noting, [{ cluster, node }]));
    // After a pause both are old: the others are looked at again.
  } while ((await holdWhilePaused(run)) === 'released');
  const attempt = progress.attempt + 1;
  const report = await beyondReturn(run, 'restart', () => {
    progress.before = uids;
    progress.attempt = attempt;
    return act.restartKubelet.executeWithOptions(label, [{ ...mine, ...aside, ...proving, attempt }]);
  }).catch((error: unknown) => {
    // A restart that nobody has begun was none.
    if (describeFailure(error).unbegun) progress.attempt = attempt - 1;
    throw error;
  });
  progress.since ??= report.startedAt;
  return report;
}

/** R0 restarts nothing: what is older than the kubelet that runs now is told apart by its start, and then by UID like any other. */
async function noteWaiting(
  run: Run,
  { act }: Hands,
  { cluster, target, pins }: KubeletPlan,
  progress: Progress,
  label: ActivityOptions,
): Promise<void> {
  const noting = labelled(`${label.summary}: note which request is the running kubelet's`);
  const noted = await act.noteWaitingRequest.executeWithOptions({ ...noting, ...patient }, [
    { cluster, node: target, csr: pins.csr },
  ]);
  progress.before = noted.before;
  progress.since ??= noted.startedAt;
}

async function verify(
  run: Run,
  { observe }: Hands,
  what: Pick<VerifyInput, 'cluster' | 'node' | 'runId' | 'server' | 'stage' | 'bootstrapOwed'>,
  progress: Progress,
  label: ActivityOptions,
): Promise<StepReport> {
  // The soak has been served when the bootstrap file is changed last: that file does not touch the running kubelet.
  const soakMs = what.stage === 'graduated' ? 0 : run.policy.soakMs;
  const timeoutMs = recoveryTimeMs + soakMs;
  const { proofs } = await observe.verifyKubeletRecovery.executeWithOptions(
    {
      ...label,
      startToCloseTimeout: timeoutMs + 30_000,
      // A worker that is away for a while does not use up the time for the proof.
      scheduleToCloseTimeout: timeoutMs + 30 * 60_000,
    },
    [{ ...what, since: progress.since ?? run.state.startedAt, soakMs, timeoutMs }],
  );
  progress.proofs = proofs;
  return { changed: false, sentence: `Proved: ${proofs.join('; ')}` };
}
