import type { ClientCertificate } from '../control-plane.ts';
import { nodeCommonName, nodesOrganization } from './names.ts';

/** The kubelet renews its lease every 10 s; after 40 s the node controller calls the Node Unknown. */
const leaseLifetimeMs = 40_000;

/**
 * Both times are the node's own clock, so its skew against ours does not matter. A renewal older than `since`, the start of
 * the kubelet that runs now, was made by its predecessor and says nothing about this one.
 */
export function isLeaseFresh(renewedAt: string | undefined, nodeTime: string, since?: string): boolean {
  const renewed = Date.parse(renewedAt ?? '');
  if (!(Date.parse(nodeTime) - renewed < leaseLifetimeMs)) return false;
  return since === undefined || renewed >= Date.parse(since);
}

export const mastersGroup = 'system:masters';

/** Exactly this node, exactly one organization: `system:masters` besides it would be cluster-admin. */
export function isOwnSubject(
  {
    commonName,
    organizations,
  }: Pick<Extract<ClientCertificate, { state: 'present' }>, 'commonName' | 'organizations'>,
  node: string,
): boolean {
  return (
    commonName === nodeCommonName(node) &&
    organizations.length === 1 &&
    organizations[0] === nodesOrganization
  );
}
