import type { MasterNode } from '../../../domain/etcd/observation.ts';
import { valueOf, type Reading } from '../../../domain/reading.ts';
import type { NodeLane, NodeScriptCall } from '../../connections/node-lane.ts';
import { isFailure } from '../../failure.ts';

/** Of the second attempt: both together have to fit into one activity. */
const MOVED_TIMEOUT_MS = 20_000;

/**
 * Runs a script on a master, also on one that has moved: where nobody answers at the inventory's address, its Node's own
 * addresses are dialled. Its host key and its own name still have to be the ones that belong to it.
 */
export async function onMaster(
  lane: NodeLane,
  call: NodeScriptCall,
  node: Promise<Reading<MasterNode>>,
): Promise<Record<string, string>> {
  try {
    return await lane.run(call);
  } catch (error) {
    if (!isFailure(error, 'NodeUnreachable')) throw error;
    const [address] = valueOf(await node)?.internalIps ?? [];
    if (address === undefined) throw error;
    return lane.run({ ...call, address, timeoutMs: MOVED_TIMEOUT_MS }).catch(() => {
      // What the inventory says is what a person knows, and can put right.
      throw error;
    });
  }
}
