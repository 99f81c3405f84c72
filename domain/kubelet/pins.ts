import { remediatorsToPause } from '../etcd/pausing.ts';
import type { KubeletPins } from '../plan.ts';
import { valueOf } from '../reading.ts';
import { isDurable } from './bootstrap.ts';
import { keptFiles } from './certificate.ts';
import type { Endpoint } from './endpoint.ts';
import { secretObjection } from './guards.ts';
import { isOwnSubject } from './identity.ts';
import { bootstrapPath, csrPredicate, kubeconfigPath } from './names.ts';
import { hasPlatform } from './platform-proof.ts';
import type { Rise, Rung } from './rung.ts';
import { adminFor } from './rungs-break-glass.ts';

/** Undefined when something that the acts must be pinned to is not in the evidence. */
export function pinsFor(
  rise: Rise,
  rung: Rung,
  { server, caSha256, source }: Endpoint,
  run: Pick<KubeletPins, 'runId' | 'scripts'>,
): KubeletPins | undefined {
  const { kubelet, target, observation } = rise;
  const { file } = kubelet.bootstrap;
  // A file that cannot be parsed has no hash in the evidence, so nothing could be pinned to it.
  if (file.state === 'unreadable') return undefined;
  const requester = rung === 'R3' ? valueOf(observation.powers)?.username : undefined;
  const owed = (rung === 'R1' || rung === 'R3') && !isDurable(kubelet, server) && secretObjection(rise);
  const pins: KubeletPins = {
    ...run,
    server,
    caSha256,
    bootstrapSha256: file.state === 'present' ? file.sha256 : 'missing',
    csr: { ...csrPredicate(target.name), ...(requester === undefined ? {} : { requester }) },
    rung,
    ...(source === kubeconfigPath ? {} : { source }),
    ...surroundings(rise),
    ...(owed ? { bootstrapOwed: true as const } : {}),
  };
  return withMeans(rise, rung, pins);
}

/** While other masters are lost the operators have reason to complain, whatever becomes of this one. */
function surroundings({ observation, classes, target }: Rise): Pick<KubeletPins, 'remediators' | 'platform'> {
  const remediators = remediatorsToPause(valueOf(observation.platform.remediators));
  const alone = classes.every(({ node, standing }) => node === target.name || standing === 'healthy');
  return {
    ...(remediators.length === 0 ? {} : { remediators }),
    ...(alone && hasPlatform(observation) ? { platform: true as const } : {}),
  };
}

function withMeans(rise: Rise, rung: Rung, pins: KubeletPins): KubeletPins | undefined {
  const unusable = unusableFile(rise);
  switch (rung) {
    case 'R1': {
      const [kept] = keptFiles(rise.kubelet, rise.target.name);
      return kept && { ...pins, kept: { path: kept.path, sha256: kept.sha256 } };
    }
    case 'R4a':
    case 'R4b':
      return withAdmin(rise, rung, { ...pins, ...unusable });
    case 'R2a':
    case 'R2b':
      return { ...pins, ...unusable };
    case 'R0':
    case 'G':
    case 'R3':
      return pins;
  }
}

function withAdmin(rise: Rise, rung: Rung, pins: KubeletPins): KubeletPins | undefined {
  const admin = adminFor(rise);
  if (!admin) return undefined;
  const lent = { ...pins, admin: { path: admin.path, sha256: admin.sha256 } };
  // The bootstrap file is replaced by the loan, and what graduates could not read its authority there any more.
  return rung === 'R4a' && pins.source === bootstrapPath
    ? { ...lent, source: admin.path, caSha256: admin.caSha256 }
    : lent;
}

/** A certificate that can be read and must not be started with: another's, of an unknown authority, or one that is no link. */
function unusableFile({ kubelet, target }: Rise): Pick<KubeletPins, 'unusable'> {
  const { clientCertificate: certificate, clientFiles } = kubelet;
  if (certificate.state !== 'present') return {};
  const isBad =
    !isOwnSubject(certificate, target.name) ||
    !certificate.isSymlink ||
    kubelet.identity.accepted === 'rejected';
  const sha256 = isBad ? clientFiles.find(({ isCurrent }) => isCurrent)?.sha256 : undefined;
  return sha256 === undefined ? {} : { unusable: sha256 };
}
