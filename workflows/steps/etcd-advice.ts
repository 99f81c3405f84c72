import { handOvers } from '../../domain/etcd/hand-over.ts';
import type { EtcdPins } from '../../domain/etcd/pins.ts';

const usual =
  'Mend what the error names, then retry: the step looks first and does only what is still missing.';

/** What a person should know before deciding about a step that failed. */
export function adviceFor({ target, executor }: EtcdPins, stepId: string, errorType: string): string {
  const { node } = target;
  if (errorType === 'MachineNotFollowing') return `${handOvers.MachineNeverFollowed} Then retry.`;
  if (errorType === 'LeaseForeign')
    return 'Somebody else’s word stands where the override would: ask who set it, have it removed, then retry. docs/lease.md shows how to read the object.';
  if (errorType === 'MembershipUnclear')
    return 'Nothing is tried again before all survivors say the same. See whether they reach each other, then retry: the step reads first what became of the member.';
  if (stepId === 'remove-member' || stepId === 'quarantine' || stepId === 'update-member')
    return `Nothing has been done to the member in this step unless the error says so. Mend what it names, then retry: every survivor is asked once more first. An abort puts everything back, as long as the member has not been removed.`;
  if (stepId === 'await-rollout')
    return `See what the operator’s installer does (oc get pods -n openshift-etcd -l app=installer -o wide) and why ${node} does not take the new revision up; then retry: it waits on.`;
  if (stepId === 'await-voter')
    return `See why etcd on ${node} is not added or does not start: its log on the node, the operator’s log, and whether its Machine and its certificates name ${target.addresses.join(' or ')}. Then retry: it waits on.`;
  if (stepId === 'snapshot')
    return `See whether etcd on ${executor.node} answers and has room; then retry. Nothing but this run’s snapshot directory has been touched.`;
  return usual;
}
