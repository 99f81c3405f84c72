import type { AdminKubeconfig } from '../control-plane.ts';
import { valueOf } from '../reading.ts';
import { isUsable } from './endpoint.ts';
import { csrObjection, secretObjection, signerObjection, type Objection } from './guards.ts';
import { mastersGroup } from './identity.ts';
import { unfit, type Rise, type RungRule } from './rung.ts';
import { deniedUnfit } from './rungs-request.ts';

/**
 * The fix of the incident, made safe: cluster-admin for a kubelet, for as short as can be. Only where a person asked for it, or
 * where several masters are lost and the signer may depend on them; and only where it can be brought to its end: without the
 * secret no durable bootstrap file could take the place of cluster-admin.
 */
export const breakGlassRungs = {
  R4a: (rise) => {
    if (signerObjection(rise)) return unfit('nobody can sign, so that it would get no certificate');
    // Somebody signs, so that no master waits for this: only a person's own word is reason enough.
    if (rise.request.breakGlass !== true) return unfit('break-glass was not asked for (--break-glass)');
    return deniedUnfit(rise) ?? csrObjection(rise) ?? commonObjection(rise);
  },
  R4b: (rise) => {
    const signer = valueOf(rise.observation.signer);
    if (!signer) return signerObjection(rise);
    if (signer.alive) return unfit('somebody can sign, so that nobody has to run as cluster-admin');
    return commonObjection(rise);
  },
} satisfies Record<string, RungRule>;

function commonObjection(rise: Rise): Objection | undefined {
  if (rise.seen.standing !== 'lost') return unfit('the kubelet still works');
  if (!isAskedFor(rise)) return unfit('break-glass was not asked for (--break-glass)');
  if (!adminFor(rise))
    return unfit(
      `no node-local admin kubeconfig that has not ended and is for the right server was seen on ${rise.target.name}`,
    );
  return secretObjection(rise);
}

const validForAtLeastMs = 3_600_000;

function isAskedFor({ request, classes }: Rise): boolean {
  return request.breakGlass === true || classes.filter(({ standing }) => standing === 'lost').length > 1;
}

/**
 * The one for the address that every kubelet uses: one that is bound to localhost would bind the node's health to its own API
 * server, and its kubeconfig to an address that no graduation has proved. Whether it is accepted is asked by the step that lends it,
 * directly before: a look never speaks as cluster-admin.
 */
export function adminFor({
  kubelet,
  observation,
  target,
}: Omit<Rise, 'seen' | 'request' | 'classes'>): AdminKubeconfig | undefined {
  return kubelet.adminKubeconfigs.find(
    (file) =>
      Date.parse(kubelet.nodeTime) + validForAtLeastMs < Date.parse(file.notAfter) &&
      file.organizations.includes(mastersGroup) &&
      isUsable(file, { observation, target }),
  );
}
