import { valueOf } from '../reading.ts';
import { certificateFault, isUnusableAsItStands, keptFiles } from './certificate.ts';
import type { KubeletClass, Seen } from './classes.ts';
import { ownRequests } from './own-requests.ts';
import { isOwnSubject } from './identity.ts';

/**
 * Which other classes were looked for, and the fact that excludes each: a person would look for them next. What could not be
 * excluded is not named, so that nobody takes silence for a look.
 */
export function ruledOut(seen: Seen, found: KubeletClass | undefined): string[] {
  return exclusions.flatMap(([kind, exclude]) => {
    const fact = kind === found ? undefined : exclude(seen);
    return fact === undefined ? [] : [`${kind}: ${fact}`];
  });
}

const exclusions: [KubeletClass, (seen: Seen) => string | undefined][] = [
  ['C0', ({ kubelet }) => wrongCertificate(kubelet)],
  ['C1', (seen) => noRequest(seen, 'Pending', 'waits for approval')],
  ['C2', (seen) => noRequest(seen, 'Approved', 'is approved and not issued')],
  ['C3', nothingKept],
  ['C4', ({ kubelet }) => badCredential(kubelet.bootstrap)],
  [
    'C5',
    ({ kubelet }) =>
      kubelet.bootstrap.accepted === 'yes' ? 'its bootstrap credential is accepted' : undefined,
  ],
  ['C6', readableCertificate],
  ['C7', ownIdentity],
  ['C8', soundHost],
];

function wrongCertificate(kubelet: Seen['kubelet']): string | undefined {
  const fault = certificateFault(kubelet);
  return fault && `its client certificate is ${fault}`;
}

function noRequest(seen: Seen, state: 'Pending' | 'Approved', words: string): string | undefined {
  if (!seen.observation.csrs.known) return undefined;
  const found = ownRequests(seen).some((csr) => csr.state === state && !csr.issued);
  return found ? undefined : `no request since the kubelet started ${words}`;
}

function nothingKept({ kubelet, master }: Seen): string | undefined {
  return keptFiles(kubelet, master.name).length === 0
    ? 'no other certificate of this node that is valid and accepted lies in its directory'
    : undefined;
}

function badCredential({ accepted, file }: Seen['kubelet']['bootstrap']): string | undefined {
  if (file.state !== 'present') return `its bootstrap file is ${file.state}`;
  return accepted === 'rejected' || accepted === 'forbidden'
    ? `its bootstrap credential is ${accepted}`
    : undefined;
}

function readableCertificate({ kubelet }: Seen): string | undefined {
  const fault = certificateFault(kubelet);
  if (fault !== undefined)
    return isUnusableAsItStands(fault) ? undefined : `the certificate is ${fault}, not corrupt`;
  return 'the certificate is whole, and a link leads to it';
}

function ownIdentity({ kubelet, master }: Seen): string | undefined {
  const { clientCertificate: certificate } = kubelet;
  if (certificate.state !== 'present') return 'there is no certificate of another identity in its place';
  return isOwnSubject(certificate, master.name) ? `the certificate names ${master.name}` : undefined;
}

function soundHost({ kubelet, observation }: Seen): string | undefined {
  const answered = kubelet.bootstrap.accepted !== 'unknown' || kubelet.identity.accepted !== 'unknown';
  if (!answered || !kubelet.disk.writable || valueOf(observation.api) === undefined) return undefined;
  return 'its clock agrees with ours, its disk can be written, and the API server answered it';
}
