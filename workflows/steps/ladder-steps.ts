import type { ActivityOptions } from '@temporalio/workflow';
import { meansOf } from '../../domain/kubelet/rung.ts';
import type { KubeletPlan } from '../../domain/plan.ts';
import { patient, type Hands } from './activities.ts';
import { proveOthersWell } from './before-restart.ts';
import { followUpWorkflowId } from '../messages.ts';
import { keepWatch } from './follow-up.ts';
import type { Run } from './run.ts';
import { beyondReturn, withheldAct, type StepCode, type StepReport } from './step-runner.ts';

/** Steps that only some rungs have. */
export type LadderStep =
  | 'relink'
  | 'make-key'
  | 'file-request'
  | 'approve-request'
  | 'install-certificate'
  | 'withdraw-admin'
  | 'admin-bootstrap'
  | 'admin-kubeconfig'
  | 'verify-serving'
  | 'follow-up'
  | 'pause-remediators'
  | 'resume-remediators'
  | 'verify-platform';

export const ladderSteps: Record<LadderStep, true> = {
  relink: true,
  'make-key': true,
  'file-request': true,
  'approve-request': true,
  'install-certificate': true,
  'withdraw-admin': true,
  'admin-bootstrap': true,
  'admin-kubeconfig': true,
  'verify-serving': true,
  'follow-up': true,
  'pause-remediators': true,
  'resume-remediators': true,
  'verify-platform': true,
};

/** One revision that was held up takes three to five minutes on a node, for each of four operators. */
const operatorsTakeMs = 20 * 60_000;

interface Shared {
  /** Puts back what the backup holds. */
  restore: (label: ActivityOptions) => Promise<StepReport>;
  serves: (label: ActivityOptions) => Promise<StepReport>;
  /** For the report: what stays on purpose. */
  keep: (sentence: string) => void;
}

export function ladderProcedure(
  run: Run,
  hands: Hands,
  plan: KubeletPlan,
  { restore, serves, keep }: Shared,
): Record<LadderStep, StepCode> {
  const { act, observe } = hands;
  const { rung } = plan.pins;
  const means = meansOf(rung ?? 'R2b');
  const { runId, scripts, csr, kept, admin, bootstrapSha256 } = plan.pins;
  const { remediators = [] } = plan.pins;
  const others = { cluster: plan.cluster, pins: { runId, remediators } };
  const resume = (label: ActivityOptions) => act.resumeRemediators.executeWithOptions(label, [others]);
  const mine = { cluster: plan.cluster, node: plan.target, runId, scripts };
  // Of the key that was made on the node, and of the request that was filed with it.
  const made = { publicKeySha256: '', uid: '' };
  const own = () => ({ ...mine, csr, ...made });
  const lend = (place: 'bootstrap' | 'kubeconfig') => async (label: ActivityOptions) => {
    const where = { cluster: plan.cluster, node: plan.target, lending: true as const };
    await proveOthersWell(
      run,
      hands,
      { ...where, ...(rung === undefined ? {} : { rung }) },
      label.summary ?? '',
    );
    if (run.abort !== undefined) throw withheldAct('stopped directly before the act', { unbegun: true });
    return await act.lendAdmin.executeWithOptions(label, [
      { ...mine, admin: pinned(admin), place, expectedBootstrapSha256: bootstrapSha256 },
    ]);
  };
  return {
    relink: {
      act: (label) => act.relinkCertificate.executeWithOptions(label, [{ ...mine, kept: pinned(kept) }]),
    },
    'make-key': {
      act: async (label) => {
        const report = await act.makeKubeletKey.executeWithOptions(label, [mine]);
        made.publicKeySha256 = report.publicKeySha256;
        return report;
      },
      undo: restore,
    },
    'file-request': {
      act: async (label) => {
        const report = await act.fileKubeletRequest.executeWithOptions(label, [own()]);
        made.uid = report.uid;
        return report;
      },
    },
    'approve-request': {
      act: (label) => act.approveOwnRequest.executeWithOptions({ ...label, ...patient }, [own()]),
    },
    'install-certificate': {
      act: (label) => act.installKubeletCertificate.executeWithOptions(label, [own()]),
    },
    'withdraw-admin': {
      act: (label) =>
        beyondReturn(run, 'withdraw-admin', () =>
          act.withdrawAdmin.executeWithOptions(label, [{ ...mine, means: pinned(means) }]),
        ),
    },
    'admin-bootstrap': { act: lend('bootstrap'), undo: restore },
    'admin-kubeconfig': { act: lend('kubeconfig'), undo: restore },
    'verify-serving': { verifies: true, act: serves },
    'follow-up': {
      act: async () => {
        const report = await keepWatch(run, plan);
        const workflowId = followUpWorkflowId(plan.cluster, plan.target);
        keep(
          `Workflow ${workflowId}: it watches over ${plan.target} until its kubelet has renewed its certificate by itself, and ends then. To end it before: temporal workflow cancel --workflow-id ${workflowId}`,
        );
        return report;
      },
    },
    'pause-remediators': {
      act: (label) => act.pauseRemediators.executeWithOptions(label, [others]),
      undo: resume,
    },
    'resume-remediators': { act: resume },
    'verify-platform': {
      verifies: true,
      act: async (label) => {
        const { soakMs } = run.policy;
        const timeoutMs = operatorsTakeMs + soakMs;
        const { proofs } = await observe.verifyPlatform.executeWithOptions(
          {
            ...label,
            startToCloseTimeout: timeoutMs + 60_000,
            scheduleToCloseTimeout: timeoutMs + 30 * 60_000,
          },
          [{ cluster: plan.cluster, node: plan.target, soakMs, timeoutMs }],
        );
        return { changed: false, sentence: `Proved: ${proofs.join('; ')}` };
      },
    },
  };
}

/** The decision pins it wherever the step is planned; without it nothing may be guessed. */
function pinned<T>(file: T | undefined): T {
  if (file === undefined) throw new TypeError('the plan does not say which');
  return file;
}
