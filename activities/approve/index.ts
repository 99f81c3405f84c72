import type { ActivityDeps } from '../index.ts';
import { clusterOf } from '../connections/cluster.ts';
import type { ApproveActivities } from '../contract.ts';
import { heartbeating } from '../heartbeat.ts';
import { verifySignature } from './verify.ts';

export function createApproveActivities({ inventory }: Pick<ActivityDeps, 'inventory'>): ApproveActivities {
  return {
    verifyStatement(input) {
      const { approvers } = clusterOf(inventory, input.cluster);
      return heartbeating((signal) => verifySignature(approvers, input, signal));
    },
  };
}
