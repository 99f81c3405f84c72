import type { ClientCertificate } from '../control-plane.ts';
import type { Change, KubeletPins, PlanStep } from '../plan.ts';
import {
  backupDirectory,
  bootstrapNamespace,
  bootstrapPath,
  bootstrapRequester,
  bootstrapSecretName,
  clientCertificatePath,
  clientSigner,
  kubeconfigPath,
} from './names.ts';
import type { PlanInput } from './plan.ts';
import type { Rung } from './rung.ts';

/** Steps that rungs share, as data. Their ids are fixed: the workflow carries them out by id. */

export function backup({ node, kubelet, pins }: PlanInput): PlanStep {
  const { file } = kubelet.bootstrap;
  const copied = [
    `bootstrap file (${file.state === 'present' ? `SHA-256 ${file.sha256}` : file.state})`,
    `kubeconfig (${kubelet.kubeconfig.state === 'present' ? `SHA-256 ${kubelet.kubeconfig.sha256}` : kubelet.kubeconfig.state})`,
    'client certificates',
  ];
  return {
    id: 'backup',
    sentence: `Back up the kubelet's credentials on ${node}`,
    target: node,
    changes: [
      {
        what: backupDirectory(pins.runId),
        from: 'absent',
        to: `copies of: ${copied.join(', ')}; mode 0700, with a manifest of hashes; nothing that holds cluster-admin`,
      },
    ],
    risk: 'reversible',
    undo: 'the directory is marked as put back; the copies harm nothing, and are never overwritten',
    proof: 'the copies match their manifest of hashes',
    ...script(pins, 'back-up-kubelet.sh'),
  };
}

export function bootstrap({ node, pins }: PlanInput): PlanStep {
  return {
    id: 'bootstrap',
    sentence: `Give ${node} a new bootstrap credential that is valid for one hour`,
    target: node,
    changes: [
      {
        what: bootstrapPath,
        from: pins.bootstrapSha256 === 'missing' ? 'missing' : `SHA-256 ${pins.bootstrapSha256}`,
        to: `token of ${bootstrapRequester} valid 1 h, server ${pins.server}, CA SHA-256 ${pins.caSha256}`,
      },
    ],
    risk: 'reversible',
    undo: 'the bootstrap file is put back from the backup',
    proof: 'the API server accepts the new file, asked from the node',
    ...script(pins, 'install-bootstrap.sh'),
  };
}

/**
 * The risk is `reversible`, since restarting a kubelet that cannot authenticate stops no container and replaces no pod: it
 * has no sources to do so, and the runtime owns the containers. It is the point of no return all the same: from here on
 * the way back, putting a rejected credential back in place, leads only into the outage.
 */
export function restart(input: PlanInput): PlanStep {
  const { node, pins } = input;
  return {
    id: 'restart',
    sentence: `Restart the kubelet on ${node}; its containers go on running`,
    target: node,
    changes: [
      ...certificateChange(input),
      {
        what: kubeconfigPath,
        from: 'as it is',
        to:
          pins.rung === 'R4b'
            ? 'as it is'
            : `written anew by the kubelet itself from the bootstrap file where it is not usable, server ${pins.server}`,
      },
      {
        what: 'kubelet.service',
        from: 'running with what it had at its start',
        to: `started with ${startsWith[pins.rung ?? 'R2b']}`,
      },
    ],
    risk: 'reversible',
    undo: 'not needed: it stops no container, and restarting again does no more',
    proof: 'the unit has a new invocation and is active',
    pointOfNoReturn: true,
    ...script(pins, 'restart-kubelet.sh'),
  };
}

const askedBefore = 'which the API server accepts directly before, asked from the node';

const startsWith: Record<Rung, string> = {
  R0: 'nothing new',
  R1: `its own certificate, ${askedBefore}`,
  G: `its own certificate, ${askedBefore}, and nothing else`,
  R2a: `its bootstrap credential, ${askedBefore}`,
  R2b: `the new bootstrap credential, ${askedBefore}`,
  R3: `the certificate that was made for it, ${askedBefore}`,
  R4a: `cluster-admin as its bootstrap credential, ${askedBefore}`,
  R4b: 'cluster-admin as its own',
};

/** Where a certificate was put in place before, the restart changes nothing about it. */
function certificateChange({ kubelet, pins }: PlanInput): Change[] {
  const { rung = 'R2b' } = pins;
  if (rung === 'R1' || rung === 'R3' || rung === 'G') return [];
  const to =
    rung === 'R4b' ? 'that of cluster-admin, until the node has its own' : "the node's own certificate";
  return [
    {
      what: clientCertificatePath,
      from: certificateForm(kubelet.clientCertificate),
      to: `${certificateFate(kubelet.clientCertificate, pins)}${to}, written by the kubelet`,
    },
  ];
}

export function approveCsr({ node, pins: { csr, rung } }: PlanInput): PlanStep {
  const isWaiting = rung === 'R0';
  const which = isWaiting
    ? 'the only one that is younger than the start of the kubelet which runs'
    : 'not among the requests there before the restart';
  return {
    id: 'approve-csr',
    sentence: isWaiting
      ? `Approve the one certificate request that the running kubelet on ${node} waits for`
      : `Approve the one certificate request that the restarted kubelet on ${node} files`,
    target: node,
    changes: [
      {
        what: `CertificateSigningRequest for ${clientSigner}: requester ${csr.requester}, O=${csr.organizations.join('+')}, CN=${csr.commonName}, usages no others than ${csr.usages.join(', ')}, no alternative names, ${which}`,
        from: 'Pending',
        to: 'Approved, and issued by the signer; two such requests: none is approved',
      },
    ],
    risk: 'irreversible',
    proof: 'the request carries a certificate',
  };
}

export function verify({ node, pins }: PlanInput): PlanStep {
  return {
    id: 'verify',
    sentence: `Prove that ${node} is itself again, and that it stays so`,
    target: node,
    changes: [],
    risk: 'reversible',
    undo: 'nothing to undo: it only looks',
    proof:
      'identity, kubeconfig, lease, Ready, every mirror pod, etcd and API server, held for the soak time',
    ...script(pins, 'observe-kubelet.sh'),
  };
}

export function graduate({ node, pins }: PlanInput): PlanStep {
  return {
    id: 'graduate',
    sentence: `Give ${node} a durable bootstrap file, so that it can help itself the next time`,
    target: node,
    changes: [
      {
        what: bootstrapPath,
        from: temporaryForm(pins),
        to: `token of the secret ${bootstrapNamespace}/${bootstrapSecretName}, which does not expire, server ${pins.server}, CA SHA-256 ${pins.caSha256}`,
      },
    ],
    risk: 'reversible',
    undo: 'not needed: the running kubelet does not read this file',
    proof: 'the API server accepts the new file, asked from the node, and its token has no expiry',
    ...script(pins, 'install-bootstrap.sh'),
  };
}

function temporaryForm({ rung = 'R2b', bootstrapSha256 }: KubeletPins): string {
  if (rung === 'R2b') return `token of ${bootstrapRequester} valid 1 h`;
  if (rung === 'R4a') return 'cluster-admin';
  return bootstrapSha256 === 'missing' ? 'missing' : `SHA-256 ${bootstrapSha256}`;
}

export function verifyGraduated({ node, pins }: PlanInput): PlanStep {
  return {
    id: 'verify-graduated',
    sentence: `Prove that nothing temporary and no admin credential is left on ${node}`,
    target: node,
    changes: [
      {
        what: `${backupDirectory(pins.runId)}/concluded`,
        from: 'absent',
        to: '`healed`, once all of it is proved; a copy of a token that expires leaves the backup',
      },
    ],
    risk: 'reversible',
    undo: 'not needed: a word about this run, in its own directory',
    proof: `all of verify again; ${pins.bootstrapOwed ? 'the bootstrap file is owed, and not judged' : 'a durable bootstrap file'}; no other credential under the kubelet’s directories or in our backups`,
    ...script(pins, 'conclude-run.sh'),
  };
}

/** Whose it is and until when: an expired one, one that is refused and one of another all look alike from outside. */
function certificateForm(certificate: ClientCertificate): string {
  if (certificate.state === 'dangling') return `a link to ${certificate.target}, which is missing`;
  if (certificate.state !== 'present') return certificate.state;
  const { isSymlink, organizations, commonName, notAfter, serial } = certificate;
  const form = isSymlink ? '' : 'a regular file: ';
  return `${form}O=${organizations.join('+')}, CN=${commonName}, serial ${serial}, valid until ${notAfter}`;
}

/** As restart-kubelet.sh does it: only what would keep a kubelet from asking for a new one is moved. */
function certificateFate({ state }: ClientCertificate, { runId, unusable }: KubeletPins): string {
  const moves = state === 'dangling' || state === 'corrupt' || unusable !== undefined;
  return moves ? `moved into ${backupDirectory(runId)}; ` : '';
}

/** A step without the hash of the code that it runs would not be covered by the vote: the verdict refuses before this. */
export function script({ scripts }: KubeletPins, name: string): Pick<PlanStep, 'script'> {
  const sha256 = scripts[name];
  return sha256 === undefined ? {} : { script: { name, sha256 } };
}
