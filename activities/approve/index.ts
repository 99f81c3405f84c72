import type { ActivityDeps } from '../index.ts';
import { clusterOf } from '../connections/cluster.ts';
import type { ApproveActivities } from '../contract.ts';

export function createApproveActivities({ inventory }: Pick<ActivityDeps, 'inventory'>): ApproveActivities {
  return {
    async verifyStatement({ cluster }) {
      clusterOf(inventory, cluster);
      const sentence = `The inventory names no allowed signers for ${cluster}.`;
      return { valid: false, refused: 'SignersUnusable', sentence };
    },
  };
}
