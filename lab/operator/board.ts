import type { Api } from '../cluster/api.ts';
import { QUIET, withCondition } from './rules/conditions.ts';
import type { Profile } from './rules/profiles.ts';
import type { Condition, NodeStatus, Verdict } from './rules/types.ts';

export const ETCD = '/apis/operator.openshift.io/v1/etcds/cluster';

/** `etcds.operator.openshift.io/cluster` as the API has it; zero fields may be absent. */
export interface EtcdResource {
  spec?: {
    managementState?: string;
    forceRedeploymentReason?: string;
    unsupportedConfigOverrides?: unknown;
  };
  status?: {
    conditions?: Condition[];
    latestAvailableRevision?: number;
    nodeStatuses?: (Partial<NodeStatus> & { nodeName: string })[];
  };
}

/** The operator's own status, kept here between its controllers and written when it has changed. */
export interface Board {
  conditions(): readonly Condition[];
  latest(): number;
  nodes(): readonly NodeStatus[];
  report(...verdicts: Verdict[]): void;
  setLatest(revision: number): void;
  setNodes(nodes: readonly NodeStatus[]): void;
  flush(api: Api): Promise<void>;
}

/** Goes on from what an earlier operator has written: a restart forgets nothing but caches. */
export function openBoard({ status }: EtcdResource, { zeroFields }: Profile): Board {
  let conditions: readonly Condition[] = status?.conditions ?? [];
  let latest = status?.latestAvailableRevision ?? 0;
  let nodes = (status?.nodeStatuses ?? []).map(readNode);
  let written = '';
  const report = (...verdicts: Verdict[]) => {
    const now = `${new Date().toISOString().slice(0, 19)}Z`;
    for (const verdict of verdicts) conditions = withCondition(conditions, verdict, now);
  };
  report(...QUIET);
  return {
    conditions: () => conditions,
    latest: () => latest,
    nodes: () => nodes,
    report,
    setLatest: (revision) => (latest = revision),
    setNodes: (list) => (nodes = [...list]),
    async flush(api) {
      const nodeStatuses = nodes.map((node) => writeNode(node, zeroFields && latest % 2 === 0));
      const body = {
        status: { conditions, latestAvailableRevision: latest, nodeStatuses, readyReplicas: 0 },
      };
      const text = JSON.stringify(body);
      if (text === written) return;
      await api.send('PATCH', `${ETCD}/status`, body);
      written = text;
    },
  };
}

export function newNodeStatus(nodeName: string): NodeStatus {
  return readNode({ nodeName });
}

export function readNode(node: Partial<NodeStatus> & { nodeName: string }): NodeStatus {
  const empty = {
    currentRevision: 0,
    targetRevision: 0,
    lastFailedRevision: 0,
    lastFailedReason: '',
    lastFailedCount: 0,
  };
  return { ...empty, ...node };
}

/**
 * On newer releases a field of zero is there one time and absent another; here it is there at even revisions, so that whoever
 * reads it meets both.
 */
function writeNode(node: NodeStatus, withZeros: boolean): object {
  if (withZeros) return node;
  return Object.fromEntries(Object.entries(node).filter(([, value]) => value !== 0 && value !== ''));
}
