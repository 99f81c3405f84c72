import type { BootstrapFile } from '../control-plane.ts';
import { valueOf } from '../reading.ts';
import { ownerOf } from './bootstrap.ts';
import { ownRequests } from './own-requests.ts';
import { isUsable } from './endpoint.ts';
import { csrObjection, secretObjection, signerObjection, type Objection } from './guards.ts';
import { isTemporary } from './leftovers.ts';
import { bootstrapRequester, withdrawable } from './names.ts';
import { powersObjection, seenOf, unfit, type Rise, type RungRule } from './rung.ts';

/** What ends with a certificate that the kubelet, or we for it, have asked for: somebody must be able to sign, and we to approve. */
export const requestRungs = {
  R0: (rise) => {
    if (rise.seen.class !== 'C1') return unfit('no request of the running kubelet waits for approval');
    const waiting = ownRequests(seenOf(rise)).filter(({ state }) => state === 'Pending').length;
    if (waiting !== 1)
      return unfit('several requests wait, and only the newest of the running kubelet would be of use');
    if (rise.kubelet.adminCredentials.some(withdrawable))
      return unfit('cluster-admin is to be taken away as well, which takes a restart');
    return credentialUnfit(rise) ?? issuingObjection(rise);
  },
  R2a: (rise) => deniedUnfit(rise) ?? credentialUnfit(rise) ?? issuingObjection(rise),
  R2b: (rise) =>
    deniedUnfit(rise) ??
    replaceUnfit(rise.kubelet.bootstrap) ??
    signerObjection(rise) ??
    csrObjection(rise) ??
    secretObjection(rise) ??
    powersObjection(rise, 'mintBootstrapToken') ??
    powersObjection(rise, 'approveRequests'),
  R3: (rise) => {
    const denied = deniedUnfit(rise);
    if (denied) return denied;
    const powers = valueOf(rise.observation.powers);
    if (!powers?.fileRequests) return unfit('our own credential is not known to be allowed to file requests');
    if (rise.kubelet.bootstrap.file.state === 'unreadable')
      return unfit('the bootstrap file cannot be parsed, so nothing can be pinned to it');
    const rivals = rise.kubelet.bootstrap.accepted === 'yes' ? undefined : csrObjection(rise);
    return rivals ?? issuingObjection(rise);
  },
} satisfies Record<string, RungRule>;

function issuingObjection(rise: Rise): Objection | undefined {
  return signerObjection(rise) ?? powersObjection(rise, 'approveRequests');
}

/** A person has said no, or the signer has: another request of the same sort is no answer to that. */
export function deniedUnfit(rise: Rise): Objection | undefined {
  if (rise.seen.class !== 'C2') return undefined;
  const closed = ownRequests(seenOf(rise)).find(({ state }) => state === 'Denied' || state === 'Failed');
  return (
    closed &&
    unfit(`its request was ${closed.state === 'Denied' ? 'denied' : 'failed'}: ask who or what did that`)
  );
}

/** Why the bootstrap credential that is there is not the one to go on with. */
function credentialUnfit({ kubelet: { bootstrap }, target, observation }: Rise): Objection | undefined {
  const { accepted, file } = bootstrap;
  if (accepted !== 'yes') return unfit('its bootstrap credential is not accepted');
  if (isTemporary(bootstrap)) return unfit('its bootstrap credential is a temporary one, left by a run');
  if (ownerOf(bootstrap) !== bootstrapRequester)
    return unfit('its bootstrap credential is not known to be that of node-bootstrapper');
  return file.state === 'present' && isUsable(file, { observation, target })
    ? undefined
    : unfit('its bootstrap file is for another server than the kubelets of the other masters use');
}

/** Shapes that a new token would not mend, or to which nothing can be pinned. */
function replaceUnfit({ file, accepted, tokenSubject }: BootstrapFile): Objection | undefined {
  if (file.state === 'unreadable')
    return unfit('the bootstrap file cannot be parsed, so nothing can be pinned to it');
  return accepted === 'forbidden' && tokenSubject === bootstrapRequester
    ? unfit(
        'node-bootstrapper itself may not file requests, and a new token of it would be refused alike; see ClusterRoleBinding system-bootstrap-node-bootstrapper',
      )
    : undefined;
}
