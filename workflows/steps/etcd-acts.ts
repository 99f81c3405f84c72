import { ApplicationFailure } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import type { SnapshotTaken } from '../../activities/etcd-contract.ts';
import { assess } from '../../domain/etcd/assessment.ts';
import { quarantineDirectory, snapshotDirectory } from '../../domain/etcd/names.ts';
import { refuse } from '../../domain/etcd/refusal.ts';
import { proveStillDue } from './before-member-change.ts';
import type { EtcdStage } from './etcd-goals.ts';
import { observeEtcd } from './etcd-look.ts';
import { describeFailure } from './failures.ts';
import { leaseHands } from './lease-hands.ts';
import { withheldAct, type StepReport, type UndoReport } from './step-runner.ts';

/** What later steps must know of earlier ones. */
export interface Progress {
  snapshot?: SnapshotTaken;
  proofs: string[];
  /** What stays on purpose, by what it is. */
  kept: Map<Kept, string>;
  /** Names it at once on the run's page: a run that is terminated in mid-act has made it all the same. */
  keep: (what: Kept, sentence: string) => void;
}

type Kept = 'snapshot' | 'copy' | 'quarantine' | 'mark';

/**
 * A whole database is read, written or sent: minutes, and it heartbeats all along. Each attempt reads all of it beside members that
 * must go on, so there are few, and with time between them for a new leader; what fails quickly blocks after three minutes.
 */
const seldom = { initialInterval: '10s', maximumInterval: '1m', maximumAttempts: 5 } as const;
const snapshotTakes: ActivityOptions = {
  startToCloseTimeout: '20m',
  scheduleToCloseTimeout: '1h',
  retry: seldom,
};
const copyTakes: ActivityOptions = {
  startToCloseTimeout: '135m',
  scheduleToCloseTimeout: '5h',
  retry: seldom,
};
/** Containers are stopped first, and given their time. */
const moveTakes: ActivityOptions = { startToCloseTimeout: '7m' };
/** The change itself, and reading back from every survivor what became of it. */
const peerUrlTakes: ActivityOptions = { startToCloseTimeout: '4m' };
/**
 * An act that waits for its worker longer than the look before it is good for would be done on what is long past: then the step
 * fails, and a retry looks again. An undo may wait.
 */
const moveSoon: ActivityOptions = { ...moveTakes, scheduleToCloseTimeout: '9m' };
export const memberChangeTakes: ActivityOptions = { ...peerUrlTakes, scheduleToCloseTimeout: '6m' };

/** One that cannot be relied on ends the run: without a good snapshot no member is touched. */
export async function takeSnapshot(
  { run, hands, plan: { cluster, pins } }: EtcdStage,
  progress: Progress,
  label: ActivityOptions,
): Promise<StepReport> {
  const { node } = pins.executor;
  const directory = snapshotDirectory(pins.runId);
  const beside = `/var/lib/etcd/.cpr-snapshot-${pins.runId}.*`;
  progress.keep(
    'snapshot',
    `${directory} on ${node}: a snapshot of etcd that was not finished may lie there, or in ${beside}. ${removal(node, `${directory} ${beside}`)}`,
  );
  try {
    const taken = await hands.etcd.act.takeSnapshot.executeWithOptions({ ...label, ...snapshotTakes }, [
      { cluster, pins },
    ]);
    const { changed, sentence, path, sha256, bytes, revision } = taken;
    progress.snapshot = { path, sha256, bytes, revision };
    const what = `${path} on ${node}: snapshot of etcd at revision ${revision}, ${bytes} bytes, SHA-256 ${sha256}. Every Secret of the cluster is in it.`;
    progress.keep('snapshot', `${what} ${removal(node, directory)}`);
    return { changed, sentence };
  } catch (error) {
    const { type, message } = describeFailure(error);
    if (type !== 'SnapshotNotVerified') throw error;
    const evidence = [{ fact: message, source: `the snapshot through ${node}` }];
    const because = 'the snapshot is not one to rely on';
    run.withdrawn = { verdict: refuse({ reason: type, because, evidence }), faultGone: false };
    throw withheldAct(message);
  }
}

export async function copySnapshot(
  { hands, plan: { cluster, pins } }: EtcdStage,
  progress: Progress,
  label: ActivityOptions,
): Promise<StepReport> {
  const { snapshot } = progress;
  if (!snapshot)
    throw ApplicationFailure.nonRetryable('this run has taken no snapshot yet', 'PreconditionFailed');
  const { path, changed, sentence } = await hands.etcd.act.copySnapshot.executeWithOptions(
    { ...label, ...copyTakes },
    [{ cluster, pins, snapshot }],
  );
  progress.keep(
    'copy',
    `${path} next to the worker: the same snapshot, encrypted to ${pins.recipient}. It goes by the retention of the inventory.`,
  );
  return { changed, sentence };
}

/** Stops what is left of the member, so all that speaks for its being bad is proved once more. */
export async function quarantine(
  stage: EtcdStage,
  progress: Progress,
  label: ActivityOptions,
): Promise<StepReport> {
  await proveStillDue(stage, label.summary ?? '', 'data');
  const { cluster, pins } = stage.plan;
  const { node } = pins.target;
  // Before the act: one that fails half-way leaves it too.
  const expected = quarantineDirectory(pins.runId);
  progress.keep('quarantine', keptData(node, expected));
  const { changed, sentence, directory } = await stage.hands.etcd.act.quarantineEtcd.executeWithOptions(
    { ...label, ...moveSoon },
    [{ cluster, pins }],
  );
  progress.keep('quarantine', keptData(node, directory));
  return { changed, sentence };
}

function keptData(node: string, directory: string): string {
  return `${directory} on ${node}: the data of the member that was bad, for whoever wants to know why. ${removal(node, directory)}`;
}

function removal(node: string, directory: string): string {
  return `When it is not needed any more, on ${node}: sudo rm -rf -- ${directory}`;
}

/** Data of a member that is not listed any more must never come back: then it stays where it is, and is named. */
export async function restore(
  { hands, plan: { cluster, pins } }: EtcdStage,
  progress: Progress,
  label: ActivityOptions,
): Promise<UndoReport> {
  const { target, runId } = pins;
  const stays = (why: string): UndoReport => ({
    changed: false,
    kept: true,
    sentence: `The data stays in ${quarantineDirectory(runId)} on ${target.node}: ${why}.`,
  });
  const mark = snapshotDirectory(runId);
  progress.keep(
    'mark',
    `${mark} on ${target.node}: the mark that holds back a late attempt of this run. ${removal(target.node, mark)}`,
  );
  try {
    const report = await hands.etcd.act.restoreEtcd.executeWithOptions({ ...label, ...moveTakes }, [
      { cluster, pins },
    ]);
    progress.kept.delete('quarantine');
    return report;
  } catch (error) {
    const { type, message } = describeFailure(error);
    if (type === 'MemberRemoved') return stays(message);
    throw error;
  }
}

/** A member that has come back at its new address meanwhile would be lost by its old one. */
export async function takeBackUrl(stage: EtcdStage, label: ActivityOptions): Promise<UndoReport> {
  const { run, hands, plan, memory } = stage;
  const { cluster, pins } = plan;
  const looking = { ...label, summary: `${label.summary ?? ''}: look at the member first` };
  const { standings } = assess(await observeEtcd(run, hands, memory, looking));
  const standing = standings.find(({ master }) => master.name === pins.target.node)?.standing ?? 'unknown';
  if (standing === 'healthy') {
    const sentence = `The member on ${pins.target.node} is healthy at its new address, which it keeps.`;
    return { changed: false, kept: true, sentence };
  }
  if (standing !== 'bad')
    throw ApplicationFailure.nonRetryable(
      `the member on ${pins.target.node} is ${standing}: its peer URL is not touched`,
      'PreconditionFailed',
    );
  const to = pins.target.member?.peerUrls ?? [];
  return await hands.etcd.act.updateMember.executeWithOptions({ ...label, ...peerUrlTakes }, [
    { cluster, pins, to },
  ]);
}

/** The lease puts its key back by itself; here it is looked at, because its report says so in this run's name. */
export async function proveOverrideGone(
  { plan: { cluster } }: EtcdStage,
  label: ActivityOptions,
): Promise<UndoReport> {
  const target = 'etcd-unsafe-override';
  const reading = await leaseHands(cluster).brief.readLease.executeWithOptions(label, [{ cluster, target }]);
  if (reading.state === 'free') {
    const sentence =
      'The override is as it was before. A revision that it let through is rolled out by the operator.';
    return { changed: false, sentence };
  }
  const seen = reading.state === 'held' ? [reading.back] : reading.evidence;
  throw ApplicationFailure.nonRetryable(`the override is not as it was: ${seen.join('; ')}`, 'LeaseForeign');
}
