import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { BOOTSTRAPPER, BOOTSTRAPPER_NAMESPACE, BOOTSTRAPPER_USER } from '../cluster/certificates.ts';
import { kubeconfig } from '../cluster/kubeconfigs.ts';
import { BOOTSTRAP_KUBECONFIG } from '../cluster/paths.ts';
import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';
import { during } from '../host/progress.ts';
import { apiIntName } from '../settings.ts';
import type { Fault } from './fault.ts';
import { readText, writeSecret } from './node-files.ts';
import { on } from './node-health.ts';
import { forget, isSaved, restoreFiles, saveFiles } from './saved.ts';

/** One place for both: whichever of them is healed puts the right file back. */
const SAVED = 'bootstrap-credential';
/** What a token of ours is recognised by; a real one's key id is a hash. */
const REJECTED_KEY = 'lab-rejected-';

/**
 * The kubelet reads this file only when it has no client certificate: alone these two show nothing, together with a
 * lost certificate they decide what is left to do. Break them first.
 */
export const bootstrapRejected: Fault = {
  name: 'bootstrap-rejected',
  sentence: "The token in the kubelet's bootstrap file is rejected; the kubelet that runs does not need it.",
  symptom: 'Asked with that file the API answers Unauthorized; nothing else, until the certificate is lost.',
  heal: 'Put the bootstrap file back from the copy outside the node.',
  break: (lab, node, { progress, signal }) =>
    during(progress, `${node}: the bootstrap token is rejected`, async () => {
      await saveWorking(lab, node);
      await writeRejectedBootstrapFile(lab, node);
      const rejected = async () =>
        /Unauthorized|must be logged in/.test(await whoAmI(lab, node)) || 'accepted';
      await waitUntil(`${node}: bootstrap token rejected`, rejected, { withinMs: 30_000, signal });
    }),
  healByForce: putBack,
};

export const bootstrapAbsent: Fault = {
  name: 'bootstrap-absent',
  sentence: "The kubelet's bootstrap file is gone; the kubelet that runs does not need it.",
  symptom: `There is no ${BOOTSTRAP_KUBECONFIG}; nothing else, until the kubelet is restarted without a certificate.`,
  heal: 'Put the bootstrap file back from the copy outside the node.',
  break: (lab, node, { progress }) =>
    during(progress, `${node}: the bootstrap file is gone`, async () => {
      await saveWorking(lab, node);
      await on(lab, node, 'rm', '-f', BOOTSTRAP_KUBECONFIG);
    }),
  healByForce: putBack,
};

/** Not what one of these two has left: that must not replace what it has saved. */
async function saveWorking(lab: Lab, node: string): Promise<void> {
  if (!(await isBroken(lab, node))) await saveFiles(lab, SAVED, node, [BOOTSTRAP_KUBECONFIG]);
}

async function isBroken(lab: Lab, node: string): Promise<boolean> {
  const text = await readText(lab, node, BOOTSTRAP_KUBECONFIG);
  return text === undefined || keyIdOf(text).startsWith(REJECTED_KEY);
}

/** Does nothing to a file that somebody has mended meanwhile for good: one for an hour is that of a recovery that was broken off. */
async function putBack(lab: Lab, node: string): Promise<void> {
  const isWanted = (await isBroken(lab, node)) || (await expires(lab, node));
  if (isSaved(lab, SAVED, node) && isWanted) await restoreFiles(lab, SAVED, node);
  forget(lab, SAVED, node);
}

async function expires(lab: Lab, node: string): Promise<boolean> {
  const text = (await readText(lab, node, BOOTSTRAP_KUBECONFIG)) ?? '';
  const [, payload = ''] = /eyJ[\w-]+\.(eyJ[\w-]+)\./.exec(text) ?? [];
  return Buffer.from(payload, 'base64url').toString('utf8').includes('"exp"');
}

async function whoAmI(lab: Lab, node: string): Promise<string> {
  const argv = ['kubectl', `--kubeconfig=${BOOTSTRAP_KUBECONFIG}`, '--request-timeout=10s', 'auth', 'whoami'];
  const { stdout, stderr } = await lab.sh(node, argv);
  return stdout + stderr;
}

export async function writeRejectedBootstrapFile(lab: Lab, node: string): Promise<void> {
  const content = kubeconfig({
    server: `https://${apiIntName(lab.settings)}:6443`,
    ca: lab.pki.read('kube-apiserver-server-ca.crt'),
    user: 'kubelet',
    credential: { token: rejectedToken() },
  });
  await writeSecret(lab, node, BOOTSTRAP_KUBECONFIG, content);
}

/** Well-formed and of the right account, signed by a key that the API does not know: as after a key was replaced. */
function rejectedToken(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const account = 'kubernetes.io/serviceaccount';
  const claims = {
    iss: 'kubernetes/serviceaccount',
    [`${account}/namespace`]: BOOTSTRAPPER_NAMESPACE,
    [`${account}/secret.name`]: `${BOOTSTRAPPER}-token`,
    [`${account}/service-account.name`]: BOOTSTRAPPER,
    [`${account}/service-account.uid`]: randomUUID(),
    sub: BOOTSTRAPPER_USER,
  };
  const header = { alg: 'RS256', kid: `${REJECTED_KEY}${randomUUID()}` };
  const signed = `${jwtPart(header)}.${jwtPart(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
}

function jwtPart(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Of the token in a kubeconfig; empty where there is none. */
function keyIdOf(text: string): string {
  const [, header = ''] = /\b(eyJ[\w-]+)\.[\w-]+\.[\w-]+/.exec(text) ?? [];
  try {
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8')) as { kid?: unknown };
    return typeof kid === 'string' ? kid : '';
  } catch {
    return '';
  }
}
