import { issue, loadSigner, makeSigner, type KeyPair, type Request } from '../cluster/pki.ts';
import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';
import { during } from '../host/progress.ts';
import type { Fault, FaultOptions } from './fault.ts';
import {
  CURRENT_PEM,
  healCredential,
  pemPath,
  putCertificate,
  removeCertificates,
  saveCredential,
} from './kubelet-credential.ts';
import { startKubelet, stopKubelet } from './kubelet-unit.ts';
import { kubeletJournal, readText, writeSecret } from './node-files.ts';
import { leaseOf, on, untilUnknown } from './node-health.ts';

/** One way for a kubelet to lose its client certificate. */
interface CertificateFault extends Pick<Fault, 'name' | 'sentence' | 'symptom'> {
  /** Changes files; the kubelet is stopped meanwhile, and started afterwards. */
  spoil(lab: Lab, node: string): Promise<void>;
  /** What the journal of a kubelet says that has started with it; or, where it works on, `renewsItsLease`. */
  seen: RegExp | typeof renewsItsLease;
  /** The files change under a kubelet that goes on. */
  running?: true;
}

const HEAL = 'Put certificate and kubeconfig back from the copies outside the node; restart the kubelet.';
/** Nobody, or no file to ask with: which of them depends on the bootstrap credential. */
const NOBODY = /User "system:anonymous" cannot|unable to load bootstrap kubeconfig/;
const DAY_MS = 24 * 3600 * 1000;

const variants: readonly CertificateFault[] = [
  {
    name: 'kubelet-certificate-missing',
    sentence: "The kubelet's client certificate is gone; its bootstrap credential is as it was.",
    symptom:
      'With a good bootstrap credential: system:anonymous in the journal and a pending certificate signing request. ' +
      'With none: the kubelet ends at every start with "unable to load bootstrap kubeconfig".',
    spoil: removeCertificates,
    seen: NOBODY,
  },
  {
    name: 'kubelet-certificate-expired',
    sentence: "The kubelet's client certificate has expired.",
    symptom:
      'The journal says "part of the existing bootstrap client certificate … is expired", then as without any certificate.',
    spoil: async (lab, node) => putCertificate(lab, node, pem(await expired(lab, node))),
    seen: /existing bootstrap client certificate.* is expired/,
  },
  {
    name: 'kubelet-certificate-foreign-ca',
    sentence: "The kubelet's client certificate is signed by an authority that the API does not know.",
    symptom:
      'The journal says Unauthorized and never system:anonymous; the reason is in the log of the API server alone.',
    spoil: async (lab, node) => {
      const stranger = await makeSigner('csr-signer');
      await putCertificate(lab, node, pem(await issue(stranger, requestOf(node))));
    },
    seen: /"Unable to register node with API server".*Unauthorized/,
  },
  {
    name: 'kubelet-certificate-empty',
    sentence: "The file of the kubelet's client certificate has zero bytes.",
    symptom: 'The kubelet ends at every start with "could not convert data … into cert/key pair".',
    spoil: (lab, node) => putCertificate(lab, node, ''),
    seen: /could not convert data from .* into cert\/key pair/,
  },
  {
    name: 'kubelet-certificate-without-key',
    sentence: "The file of the kubelet's client certificate holds no private key.",
    symptom: 'The kubelet ends at every start with "found a certificate rather than a key in the PEM".',
    spoil: async (lab, node) => putCertificate(lab, node, (await ofNode(lab, node)).cert),
    seen: /could not convert data from .* into cert\/key pair/,
  },
  {
    name: 'kubelet-certificate-no-link',
    sentence: "The kubelet's client certificate is a regular file instead of a link; it still works.",
    symptom:
      'Nothing, until the kubelet wants to renew it: then "to be a symlink but it is a file", again and again.',
    spoil: async (lab, node) => {
      const content = await readText(lab, node, CURRENT_PEM);
      if (content === undefined) throw new Error(`${node} has no client certificate to make a file of`);
      await removeCertificates(lab, node);
      await writeSecret(lab, node, CURRENT_PEM, content);
    },
    seen: renewsItsLease,
  },
  {
    name: 'kubelet-certificate-other-node',
    sentence: "The kubelet's client certificate names another node.",
    symptom:
      "Every request is forbidden in the other node's name, a certificate signing request of its own too.",
    spoil: async (lab, node) => putCertificate(lab, node, pem(await ofNode(lab, otherThan(lab, node)))),
    seen: /is not allowed to modify node|User "system:node:[^"]*" cannot/,
  },
  {
    name: 'kubelet-certificate-unlinked',
    sentence:
      "The link to the kubelet's client certificate points at nothing, though a valid certificate still lies beside it.",
    symptom: 'As without any certificate, and an older kubelet-client-….pem that is valid.',
    spoil: (lab, node) =>
      on(lab, node, 'ln', '-sfn', pemPath('2026-12-31-23-59-59'), CURRENT_PEM).then(nothing),
    seen: NOBODY,
  },
  {
    name: 'kubelet-certificate-deleted',
    sentence:
      "The kubelet's client certificate was deleted while the kubelet runs, which has it in its memory.",
    symptom: 'Nothing, until the kubelet is restarted or wants to renew; the Node stays Ready.',
    spoil: removeCertificates,
    seen: renewsItsLease,
    running: true,
  },
];

/** Every way to lose the certificate; what is left to do then depends on the bootstrap credential, a fault of its own. */
export const kubeletCertificates: readonly Fault[] = variants.map((variant) => ({
  name: variant.name,
  sentence: variant.sentence,
  symptom: variant.symptom,
  heal: HEAL,
  break: (lab, node, options) => breakCertificate(lab, node, variant, options),
  healByForce: healCredential,
}));

async function breakCertificate(
  lab: Lab,
  node: string,
  variant: CertificateFault,
  options: FaultOptions,
): Promise<void> {
  const { progress, signal } = options;
  const since = new Date();
  await during(progress, `${node}: the client certificate is changed`, async () => {
    await saveCredential(lab, node);
    if (!variant.running) await stopKubelet(lab, node);
    await variant.spoil(lab, node);
    if (!variant.running) await startKubelet(lab, node);
  });
  const text = `${node}: ${variant.name} shows`;
  const probe = () => symptom(lab, node, variant.seen, since);
  await during(progress, text, () => waitUntil(text, probe, { withinMs: 2 * 60_000, signal }), {
    usually: '10 s',
  });
  if (!options.untilNodeUnknown || variant.seen === renewsItsLease) return;
  await during(progress, `${node}: the Node is Unknown`, () => untilUnknown(lab, node, signal), {
    usually: '45 s',
  });
}

async function symptom(
  lab: Lab,
  node: string,
  seen: CertificateFault['seen'],
  since: Date,
): Promise<true | string> {
  if (typeof seen === 'function') return seen(lab, node, since);
  return seen.test(await kubeletJournal(lab, node, since)) || `nothing like ${seen} in the journal yet`;
}

async function renewsItsLease(lab: Lab, node: string, since: Date): Promise<true | string> {
  const { renewTime } = await leaseOf(lab, 'kube-node-lease', node);
  return (renewTime !== undefined && new Date(renewTime) > since) || 'the lease has not been renewed';
}

function requestOf(node: string): Request {
  return { commonName: `system:node:${node}`, organizations: ['system:nodes'], use: ['client'] };
}

/** As the cluster's own signer would have issued it. */
async function ofNode(lab: Lab, node: string, dates: Partial<Request> = {}): Promise<KeyPair> {
  const pair = { cert: lab.pki.read('csr-signer.crt'), key: lab.pki.read('csr-signer.key') };
  return issue(await loadSigner(pair), { ...requestOf(node), ...dates });
}

/** In the past by its dates, since the clock is the machine's. */
function expired(lab: Lab, node: string): Promise<KeyPair> {
  const now = Date.now();
  return ofNode(lab, node, { notBefore: new Date(now - 31 * DAY_MS), notAfter: new Date(now - DAY_MS) });
}

function otherThan(lab: Lab, node: string): string {
  return lab.masters.find((master) => master !== node) ?? '';
}

/** Certificate, then key: the kubelet's own order. */
function pem({ cert, key }: KeyPair): string {
  return `${cert}${key}`;
}

function nothing(): void {}
