import type { NodeLane } from '../connections/node-lane.ts';
import type { ActActivities, Conclusion, RunRef } from '../contract.ts';
import { failure } from '../failure.ts';
import { parseSystemdTime } from '../observe/parse-kubelet.ts';

/** The changes that are one script on the node each. */

export async function backUpKubelet(
  lane: NodeLane,
  { node, runId }: RunRef,
  signal: AbortSignal,
): ReturnType<ActActivities['backUpKubelet']> {
  const said = await lane.run({ node, runId, script: 'back-up-kubelet.sh', args: [node], signal });
  const directory = said['directory'] ?? '';
  const changed = said['changed'] === 'yes';
  const sentence = changed
    ? `the kubelet's credentials on ${node} are backed up in ${directory}`
    : `the backup in ${directory} on ${node} is there already and matches its manifest`;
  return { changed, sentence, directory, manifestSha256: said['manifestSha256'] ?? '' };
}

export async function restartKubelet(
  lane: NodeLane,
  { node, runId, attempt, unusable, means }: Parameters<ActActivities['restartKubelet']>[0],
  signal: AbortSignal,
): ReturnType<ActActivities['restartKubelet']> {
  const args = [node, String(attempt), unusable ?? 'none', means ?? 'none'];
  // Up to a minute for the unit, and what lies around it.
  const timeoutMs = 75_000;
  const said = await lane.run({ node, runId, script: 'restart-kubelet.sh', args, timeoutMs, signal });
  const startedAt = parseSystemdTime(said['started'] ?? '');
  if (startedAt === undefined) {
    throw failure('OutcomeUnknown', `${node}: the kubelet was restarted, but systemd names no start time`);
  }
  const changed = said['changed'] === 'yes';
  const sentence = changed
    ? `the kubelet on ${node} was restarted at ${startedAt}`
    : `the kubelet on ${node} was restarted already, at ${startedAt}`;
  return { changed, sentence, startedAt };
}

export async function restoreKubeletBackup(
  lane: NodeLane,
  { node, runId }: RunRef,
  signal: AbortSignal,
): ReturnType<ActActivities['restoreKubeletBackup']> {
  const said = await lane.run({ node, runId, script: 'restore-kubelet.sh', args: [node], signal });
  return { changed: said['changed'] === 'yes', sentence: `${node}: ${said['why'] ?? ''}` };
}

export async function concludeRun(
  lane: NodeLane,
  { node, runId, how }: RunRef & { how: Conclusion },
  signal: AbortSignal,
): ReturnType<ActActivities['concludeRun']> {
  const said = await lane.run({ node, runId, script: 'conclude-run.sh', args: [node, how], signal });
  const directory = said['directory'] ?? 'none';
  const kept = directory === 'none' ? 'it had made no backup' : `its backup stays in ${directory}`;
  return { changed: said['changed'] === 'yes', sentence: `${node}: run ${runId} is called ${how}; ${kept}` };
}
