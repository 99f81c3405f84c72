import type { PlanStep } from '../plan.ts';
import { mastersGroup } from './identity.ts';
import {
  backupDirectory,
  bootstrapPath,
  clientCertificatePath,
  clientSigner,
  kubeconfigPath,
  ownRequestName,
  withdrawable,
} from './names.ts';
import type { PlanInput } from './plan.ts';
import { script } from './plan-steps.ts';

/** Steps that only some rungs have. */

export function relink({ node, pins }: PlanInput): PlanStep {
  return {
    id: 'relink',
    sentence: `Link the valid certificate that still lies on ${node}`,
    target: node,
    changes: [
      {
        what: clientCertificatePath,
        from: 'as it is',
        to: `a link to ${pins.kept?.path ?? ''} (SHA-256 ${pins.kept?.sha256 ?? ''}); what was there is moved into ${backupDirectory(pins.runId)}`,
      },
    ],
    risk: 'reversible',
    undo: "not needed: the certificate is the node's own, and only a start of the kubelet reads the link",
    proof: 'asked with it from the node, the API server takes it for the node; the link leads to it',
    ...script(pins, 'relink-certificate.sh'),
  };
}

export function makeKey({ node, pins }: PlanInput): PlanStep {
  return {
    id: 'make-key',
    sentence: `Make a key on ${node}, which it never leaves`,
    target: node,
    changes: [
      {
        what: `${backupDirectory(pins.runId)}/own`,
        from: 'absent',
        to: 'a private key, mode 0600, and the request that is signed with it',
      },
    ],
    risk: 'reversible',
    undo: 'the key is removed from the node',
    proof: 'the request carries the public half of that key',
    ...script(pins, 'make-kubelet-key.sh'),
  };
}

export function fileRequest({ node, pins: { csr, runId } }: PlanInput): PlanStep {
  return {
    id: 'file-request',
    sentence: `File a certificate request for ${node}, with the key that was made on it`,
    target: node,
    changes: [
      {
        what: `CertificateSigningRequest ${ownRequestName(runId, node)} for ${clientSigner}`,
        from: 'absent',
        to: `requester ${csr.requester}, O=${csr.organizations.join('+')}, CN=${csr.commonName}`,
      },
    ],
    risk: 'reversible',
    undo: 'it is left unapproved, and removed by the cluster within a day',
    proof: 'the request is there, with exactly the public key that is on the node',
  };
}

export function approveRequest({ node, pins: { csr, runId } }: PlanInput): PlanStep {
  return {
    id: 'approve-request',
    sentence: `Approve that request, matched to the key on ${node}`,
    target: node,
    changes: [
      {
        what: `CertificateSigningRequest ${ownRequestName(runId, node)}: by UID, requester ${csr.requester}, O=${csr.organizations.join('+')}, CN=${csr.commonName}, usages no others than ${csr.usages.join(', ')}, no alternative names, public key as on the node`,
        from: 'Pending',
        to: 'Approved, and issued by the signer',
      },
    ],
    risk: 'irreversible',
    proof: 'the request carries a certificate',
  };
}

export function installCertificate({ node, pins }: PlanInput): PlanStep {
  return {
    id: 'install-certificate',
    sentence: `Put the certificate and its key in the kubelet's place on ${node}`,
    target: node,
    changes: [
      {
        what: clientCertificatePath,
        from: 'as it is',
        to: `a link to a new file with the certificate and its key; what was there is moved into ${backupDirectory(pins.runId)}`,
      },
    ],
    risk: 'reversible',
    undo: "not needed: the certificate is the node's own, and only a start of the kubelet reads the link",
    proof:
      'asked with it from the node, the API server takes it for the node; the link leads to it, with the key that was made there',
    ...script(pins, 'install-certificate.sh'),
  };
}

/** An admin credential is not quarantined: whoever finds a copy is cluster-admin. Its original stays where the platform keeps it. */
export function withdrawAdmin({ node, kubelet, pins }: PlanInput): PlanStep {
  const found = kubelet.adminCredentials.filter((path) => withdrawable(path) && path !== bootstrapPath);
  return {
    id: 'withdraw-admin',
    sentence: `Take cluster-admin away from where the kubelet on ${node} keeps its own credentials`,
    target: node,
    changes: found.map((what) => ({
      what,
      from: `holds a certificate of ${mastersGroup}`,
      to: what === kubeconfigPath ? 'removed; the kubelet writes its own anew' : 'removed',
    })),
    risk: 'irreversible',
    proof: `directly before, the API server accepts what the kubelet goes on with, asked from the node; afterwards no certificate of ${mastersGroup} is left in these places`,
    pointOfNoReturn: true,
    ...script(pins, 'withdraw-admin.sh'),
  };
}
