import { remediatorName, standsAs } from '../etcd/pausing.ts';
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

/** What else might reboot or replace the master meanwhile; exactly those that were seen, and whose they are stays told on them. */
export function pauseRemediators({ node, pins }: PlanInput): PlanStep {
  return {
    id: 'pause-remediators',
    sentence: `Pause what might reboot or replace ${node} meanwhile`,
    target: node,
    changes: (pins.remediators ?? []).map((one) => ({
      what: remediatorName(one),
      from: standsAs(one, pins.runId),
      to: 'paused, in the name of this run',
    })),
    risk: 'reversible',
    undo: 'each is resumed',
    proof: 'each says that it is paused, and by whom',
  };
}

export function resumeRemediators({ node, pins }: PlanInput): PlanStep {
  return {
    id: 'resume-remediators',
    sentence: `Let them go on with ${node}`,
    target: node,
    changes: (pins.remediators ?? []).map((one) => ({
      what: remediatorName(one),
      from: 'paused, in the name of this run',
      to: 'active',
    })),
    risk: 'reversible',
    undo: 'not needed: it only takes back what this run has put there',
    proof: 'none of them bears the name of this run',
    skipMeans: 'nothing watches over the health of the masters until a person resumes what the plan names.',
  };
}

export function verifyPlatform({ node }: PlanInput): PlanStep {
  return {
    id: 'verify-platform',
    sentence: `Prove that the operators are settled about ${node}`,
    target: node,
    changes: [],
    risk: 'reversible',
    undo: 'nothing to undo: it only looks',
    proof:
      'guards ready, no installer pod unacknowledged, revisions equal, no operator degraded, metal3 available',
    skipMeans: 'the node is itself again, and what the operators make of it is left to a person.',
  };
}

const breakGlassWarning = `${mastersGroup}, which no authorizer restrains: it can read every Secret and change every object of the cluster`;

export function adminBootstrap({ node, pins }: PlanInput): PlanStep {
  return {
    id: 'admin-bootstrap',
    sentence: `BREAK-GLASS: let the kubelet on ${node} ask for its certificate as ${breakGlassWarning}`,
    target: node,
    changes: [
      {
        what: bootstrapPath,
        from: pins.bootstrapSha256 === 'missing' ? 'missing' : `SHA-256 ${pins.bootstrapSha256}`,
        to: `a copy of ${pins.admin?.path ?? ''} (SHA-256 ${pins.admin?.sha256 ?? ''}), made on the node, until step graduate`,
      },
    ],
    risk: 'break-glass',
    undo: 'the bootstrap file is put back from the backup',
    proof: 'the API server accepts the file, asked from the node',
    ...script(pins, 'install-admin.sh'),
  };
}

export function adminKubeconfig({ node, pins }: PlanInput): PlanStep {
  return {
    id: 'admin-kubeconfig',
    sentence: `BREAK-GLASS: let the kubelet on ${node} run as ${breakGlassWarning}`,
    target: node,
    changes: [
      {
        what: kubeconfigPath,
        from: 'as it is',
        to: `a copy of ${pins.admin?.path ?? ''} (SHA-256 ${pins.admin?.sha256 ?? ''}), made on the node, until somebody can sign and the node is graduated`,
      },
    ],
    risk: 'break-glass',
    undo: 'the kubeconfig is put back from the backup',
    proof: 'the API server accepts the file, asked from the node',
    ...script(pins, 'install-admin.sh'),
  };
}

export function verifyServing({ node, pins }: PlanInput): PlanStep {
  return {
    id: 'verify-serving',
    sentence: `Prove that ${node} serves again, though not yet as itself`,
    target: node,
    changes: [
      {
        what: `${backupDirectory(pins.runId)}/concluded`,
        from: 'absent',
        to: '`left owing`, once all of it is proved',
      },
    ],
    risk: 'reversible',
    undo: 'not needed: a word about this run, in its own directory',
    proof: 'lease, Ready, every mirror pod, etcd and API server, held for the soak time',
    ...script(pins, 'conclude-run.sh'),
  };
}

export function followUp({ node }: PlanInput): PlanStep {
  return {
    id: 'follow-up',
    sentence: `Keep watch over the debt of ${node}: cluster-admin has to go as soon as somebody can sign`,
    target: node,
    changes: [
      {
        what: `workflow KubeletFollowUp for ${node}`,
        from: 'absent',
        to: 'open, without the lock of the cluster; it starts the graduation, which asks for its own approval, and reminds until it is done',
      },
    ],
    risk: 'reversible',
    undo: 'not needed: it only looks and reminds',
    proof: 'the workflow is open',
  };
}

/** The same watch where nothing is owed: a mended kubelet has proved that it can renew itself only once it has. */
export function watchRenewal({ node }: PlanInput): PlanStep {
  return {
    id: 'follow-up',
    sentence: `Watch over ${node} until its kubelet has renewed its certificate by itself`,
    target: node,
    changes: [
      {
        what: `workflow KubeletFollowUp for ${node}`,
        from: 'as it is',
        to: 'open, without the lock of the cluster; it looks about once a day, changes nothing, and ends with the first renewal',
      },
    ],
    risk: 'reversible',
    undo: 'not needed: it only looks',
    proof: 'the workflow is open',
    skipMeans:
      'nobody watches for the first renewal: if it fails, that shows when the certificate has ended.',
  };
}
