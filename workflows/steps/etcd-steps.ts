import type { ActivityOptions } from '@temporalio/workflow';
import {
  memberChangeTakes,
  copySnapshot,
  proveOverrideGone,
  quarantine,
  restore,
  takeBackUrl,
  takeSnapshot,
} from './etcd-acts.ts';
import type { Progress } from './etcd-acts.ts';
import { adviceFor } from './etcd-advice.ts';
import { proveStillDue } from './before-member-change.ts';
import { awaitGoal, type EtcdStage } from './etcd-goals.ts';
import { bringRevision } from './etcd-override.ts';
import type { Run } from './run.ts';
import { beyondReturn, type Procedure, type StepCode, type StepReport } from './step-runner.ts';

const etcdSteps = [
  'snapshot',
  'copy-off-node',
  'pause-remediators',
  'quarantine',
  'renew-certificates',
  'remove-member',
  'update-member',
  'override-lease',
  'await-rollout',
  'await-voter',
  'verify',
  'resume-remediators',
] as const;

type EtcdStep = (typeof etcdSteps)[number];

export function isEtcdStep(id: string): id is EtcdStep {
  return etcdSteps.some((each) => each === id);
}

/** Installers go one node at a time, 30 s each, and each promotion brings two more revisions. */
const rollOutMs = 15 * 60_000;
const settleMs = 20 * 60_000;

const abortMeans =
  'the override goes back to what it was and what this run had paused is resumed; what lies in quarantine stays there, and the steps that are left are handed over';

/** How the plan of EtcdRecovery is carried out: one entry for each step that such a plan may have. */
export function etcdProcedure(stage: EtcdStage): Procedure & { proofs: () => string[] } {
  const { run, plan } = stage;
  const { act } = stage.hands.etcd;
  const { cluster, pins } = plan;
  const mine = { cluster, pins };
  const progress = newProgress(run);
  const wait = (goal: 'rolled-out' | 'voter', timeoutMs: number): StepCode => ({
    verifies: true,
    act: async (label) => proved(await awaitGoal(stage, { goal, timeoutMs }, line(label))),
  });

  const steps: Record<EtcdStep, StepCode> = {
    snapshot: { act: (label) => takeSnapshot(stage, progress, label) },
    'copy-off-node': { act: (label) => copySnapshot(stage, progress, label) },
    'pause-remediators': {
      act: (label) => act.pauseRemediators.executeWithOptions(label, [mine]),
      undo: (label) => act.resumeRemediators.executeWithOptions(label, [mine]),
      undoAfterReturn: true,
    },
    quarantine: {
      act: (label) => quarantine(stage, progress, label),
      undo: (label) => restore(stage, progress, label),
    },
    'renew-certificates': { act: (label) => act.renewCertificates.executeWithOptions(label, [mine]) },
    'remove-member': {
      act: async (label) => {
        await proveStillDue(stage, line(label));
        const remove = () => act.removeMember.executeWithOptions({ ...label, ...memberChangeTakes }, [mine]);
        return await beyondReturn(run, 'remove-member', remove, abortMeans);
      },
    },
    'update-member': {
      act: async (label) => {
        await proveStillDue(stage, line(label));
        const to = [pins.target.newPeerUrl ?? ''];
        return await act.updateMember.executeWithOptions({ ...label, ...memberChangeTakes }, [
          { ...mine, to },
        ]);
      },
      undo: (label) => takeBackUrl(stage, label),
    },
    'override-lease': {
      act: async (label) => {
        // Where this run has removed a member or told it its address, that was proved a moment ago.
        if (pins.strategy === 'rewrite' || !pins.target.member) await proveStillDue(stage, line(label));
        return await bringRevision(stage, label);
      },
      undo: (label) => proveOverrideGone(stage, label),
      undoAfterReturn: true,
    },
    'await-rollout': wait('rolled-out', rollOutMs),
    'await-voter': wait('voter', rollOutMs),
    verify: {
      verifies: true,
      act: async (label) => {
        const { soakMs } = run.policy;
        const goal = { goal: 'recovered' as const, soakMs, timeoutMs: settleMs + soakMs };
        const { proofs } = await awaitGoal(stage, goal, line(label));
        progress.proofs = proofs;
        return proved({ proofs });
      },
    },
    'resume-remediators': { act: (label) => act.resumeRemediators.executeWithOptions(label, [mine]) },
  };
  return {
    steps,
    // Without its snapshot in reach the copy can only be made of a new one.
    retryFrom: (stepId, errorType) =>
      stepId === 'copy-off-node' && errorType === 'PreconditionFailed' ? 'snapshot' : undefined,
    advice: (stepId, errorType) => adviceFor(pins, stepId, errorType),
    proofs: () => progress.proofs,
    kept: () => [...progress.kept.values()],
  };
}

function newProgress({ state }: Run): Progress {
  const kept: Progress['kept'] = new Map();
  const keep: Progress['keep'] = (what, sentence) => {
    kept.set(what, sentence);
    state.kept = [...kept.values()];
  };
  return { proofs: [], kept, keep };
}

/** What the Web UI shows for the step, to begin its activities' labels with. */
function line({ summary = '' }: ActivityOptions): string {
  return summary;
}

function proved({ proofs }: { proofs: string[] }): StepReport {
  return { changed: false, sentence: `Proved: ${proofs.join('; ')}` };
}
