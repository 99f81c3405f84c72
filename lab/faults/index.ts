import { bootstrapAbsent, bootstrapRejected } from './bootstrap-credential.ts';
import { bootstrapSecretMissing } from './bootstrap-secret-missing.ts';
import { apiEndpointDown, apiEndpointFlapping, endpointFlaky, endpointOnNode } from './endpoint.ts';
import { etcdAddressChange } from './etcd-address-change.ts';
import { etcdAddressChangeFast, etcdAddressChangeMidRollOut } from './etcd-address-change-timing.ts';
import { etcdBadCertificate } from './etcd-bad-certificate.ts';
import { etcdBadManifest } from './etcd-bad-manifest.ts';
import { etcdDataCorrupt, etcdDataLost } from './etcd-data.ts';
import { etcdMemberStopped } from './etcd-member-stopped.ts';
import { etcdLearnerLeft, etcdNoSpace } from './etcd-obstacles.ts';
import type { Fault } from './fault.ts';
import { kubeletAdminIdentity } from './kubelet-admin-identity.ts';
import { kubeletAnonymous } from './kubelet-anonymous.ts';
import { kubeletCertificates } from './kubelet-certificates.ts';
import { kubeletStopped } from './kubelet-stopped.ts';
import { allMastersExpired } from './all-masters-expired.ts';
import { kubeletRequestsPending } from './kubelet-requests-pending.ts';
import { machineStatusStuck } from './machine-status-stuck.ts';
import { nodeFrozen } from './node-frozen.ts';
import { nodeOff } from './node-off.ts';
import { platformStates } from './platform-objects.ts';
import { foreignCsr, rivalCsr } from './rival-csr.ts';
import { signerStopped } from './signer-stopped.ts';
import { sshClosed } from './ssh-closed.ts';
import { installerPodPending, metal3Stuck } from './stuck-pods.ts';

export type { Fault } from './fault.ts';
export { fileRivalCsr } from './rival-csr.ts';

/** Everything that the lab can break, by name. */
export const faults: readonly Fault[] = [
  kubeletAnonymous,
  kubeletStopped,
  ...kubeletCertificates,
  kubeletRequestsPending,
  kubeletAdminIdentity,
  allMastersExpired,
  bootstrapRejected,
  bootstrapAbsent,
  bootstrapSecretMissing,
  sshClosed,
  signerStopped,
  rivalCsr,
  foreignCsr,
  installerPodPending,
  metal3Stuck,
  endpointOnNode,
  endpointFlaky,
  apiEndpointDown,
  apiEndpointFlapping,
  etcdMemberStopped,
  etcdAddressChange,
  etcdAddressChangeFast,
  etcdAddressChangeMidRollOut,
  etcdDataLost,
  etcdDataCorrupt,
  etcdBadCertificate,
  etcdBadManifest,
  etcdLearnerLeft,
  etcdNoSpace,
  machineStatusStuck,
  ...platformStates,
  nodeOff,
  nodeFrozen,
];

/** The fault of that name, or an error that names those there are. */
export function faultNamed(name: string): Fault {
  const fault = faults.find((candidate) => candidate.name === name);
  if (fault) return fault;
  throw new Error(`There is no fault ${name}; there are ${faults.map((known) => known.name).join(', ')}.`);
}
