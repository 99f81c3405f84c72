import { gateOf, operatorKind } from '../../../domain/etcd/operator-kind.ts';
import { createBudget, noLimits } from '../../connections/budget.ts';
import type { ClusterConnection } from '../../connections/cluster.ts';
import { connectTo } from '../../connections/cluster-api.ts';
import type { NodeLane } from '../../connections/node-lane.ts';
import { readClusterVersion, readEtcdOperator } from '../../connections/platform-reads.ts';
import type { EtcdGate } from '../../etcd-contract.ts';
import { sentenceOf } from '../../failure.ts';
import { parseClusterVersion, parseEtcdOperator } from '../parse-platform.ts';

/** Never throws but for an abort: what cannot be read leaves the gate unknown. */
export async function readEtcdGate(
  cluster: ClusterConnection,
  lane: NodeLane,
  signal: AbortSignal,
): Promise<EtcdGate> {
  try {
    const api = await connectTo(cluster, lane, { budget: createBudget(noLimits()), signal });
    try {
      const [object, version] = await Promise.all([readEtcdOperator(api), readClusterVersion(api)]);
      const operator = parseEtcdOperator(object);
      const { latestAvailableRevision } = operator;
      const found = operatorKind(parseClusterVersion(version).version, operator);
      if ('unsupported' in found)
        return { latestAvailableRevision, gate: 'unknown', because: found.unsupported };
      return { latestAvailableRevision, ...gateOf(found.kind, operator) };
    } finally {
      api.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    return { latestAvailableRevision: 0, gate: 'unknown', because: sentenceOf(error) };
  }
}
