import { membershipOf } from '../../../domain/etcd/before-change.ts';
import type { EtcdPins } from '../../../domain/etcd/pins.ts';
import type { NodeLane } from '../../connections/node-lane.ts';
import type { ActResult } from '../../contract.ts';
import type { EtcdActActivities } from '../../etcd-contract.ts';
import { failure } from '../../failure.ts';
import { readAllMembers } from './read-members.ts';

/** Up to half a minute until the kubelet notices, half a minute for etcd to end, both twice on a busy node, and the move. */
const QUARANTINE_MS = 330_000;

/** Sets the data of the target's member aside. It stays there whatever becomes of the run; the report names it. */
export async function quarantineEtcd(
  lane: NodeLane,
  { target: { node }, runId }: EtcdPins,
  signal: AbortSignal,
): ReturnType<EtcdActActivities['quarantineEtcd']> {
  const script = 'quarantine-etcd.sh';
  const said = await lane.run({ node, script, runId, args: [node], timeoutMs: QUARANTINE_MS, signal });
  const directory = said['directory'] ?? '';
  const changed = said['changed'] === 'yes';
  if (said['data'] !== 'moved') {
    return { changed, directory, sentence: `there was no data of etcd on ${node} to set aside` };
  }
  const sentence = `the data of etcd on ${node} ${changed ? 'is set aside' : 'was set aside already'} in ${directory}; it stays there until somebody removes it`;
  return { changed, directory, sentence };
}

/**
 * Puts it back, while every survivor still lists the member as it was. Throws `MemberRemoved` where they list it no more, and
 * `MembershipUnclear` while they cannot all be heard: data of a removed member must never come back. Its
 * manifest does: without it the operator's next member could not start.
 */
export async function restoreEtcd(lane: NodeLane, pins: EtcdPins, signal: AbortSignal): Promise<ActResult> {
  const { target, runId } = pins;
  const { node } = target;
  const membership = membershipOf(await readAllMembers(lane, pins, signal), pins);
  if (membership !== 'listed' && membership !== 'removed') {
    throw failure(
      'MembershipUnclear',
      `member ${target.member?.id ?? ''} of ${node} is ${membership}: nothing is put back`,
    );
  }
  const script = 'restore-etcd.sh';
  const what = membership === 'removed' ? 'manifest' : 'all';
  const said = await lane.run({ node, script, runId, args: [node, what], timeoutMs: QUARANTINE_MS, signal });
  if (membership === 'removed')
    throw failure(
      'MemberRemoved',
      `the member of ${node} is not listed any more, so no data is put back; ${said['why'] ?? ''}`,
    );
  return { changed: said['changed'] === 'yes', sentence: `${node}: ${said['why'] ?? ''}` };
}
