import { createHash } from 'node:crypto';
import 'reflect-metadata';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { mismatchesOf } from '../../domain/kubelet/csr.ts';
import { clientSigner, ownRequestName } from '../../domain/kubelet/names.ts';
import { createBudget, noLimits } from '../connections/budget.ts';
import { connectTo } from '../connections/cluster-api.ts';
import type { ClusterConnection } from '../connections/cluster.ts';
import type { Kubernetes } from '../connections/kubernetes.ts';
import { isConflict } from '../connections/kubernetes-errors.ts';
import type { NodeLane } from '../connections/node-lane.ts';
import type { CsrObject } from '../connections/objects.ts';
import { readCsr } from '../connections/reads.ts';
import { createCsr } from '../connections/writes.ts';
import type { RunRef } from '../contract.ts';
import { failure } from '../failure.ts';
import type { LadderActivities, OwnRequestInput } from '../kubelet-contract.ts';
import { parseCsr } from '../observe/parse-objects.ts';
import { approveNamed, waitUntilIssued } from './approve-csr.ts';

/**
 * A request made for the node (R3): the key is made on it and stays there; what travels is the request and its certificate,
 * neither of them secret, and both are read anew from where they are, so that neither gets into a history.
 */

export async function makeKubeletKey(
  lane: NodeLane,
  { node, runId }: RunRef,
  signal: AbortSignal,
): ReturnType<LadderActivities['makeKubeletKey']> {
  const said = await lane.run({ node, runId, script: 'make-kubelet-key.sh', args: [node], signal });
  const publicKeySha256 = said['publicKeySha256'] ?? '';
  if (!/^[0-9a-f]{64}$/.test(publicKeySha256))
    throw failure('OutcomeUnknown', `${node}: no hash of the public key was said`);
  const changed = said['changed'] === 'yes';
  const sentence = changed
    ? `a key was made on ${node}; the SHA-256 of its public half is ${publicKeySha256}`
    : `the key on ${node} was there already; the SHA-256 of its public half is ${publicKeySha256}`;
  return { changed, sentence, publicKeySha256 };
}

export async function fileKubeletRequest(
  reach: OwnReach,
  input: OwnRequestInput,
): ReturnType<LadderActivities['fileKubeletRequest']> {
  const { node, runId } = input;
  const name = ownRequestName(runId, node);
  const said = await reach.lane.run({
    node,
    runId,
    script: 'make-kubelet-key.sh',
    args: [node],
    signal: reach.signal,
  });
  if (said['publicKeySha256'] !== input.publicKeySha256)
    throw failure('PreconditionFailed', `${node}: the key is not the one that was made before`);
  return await withApi(reach, async (api) => {
    const present = await readCsr(api, name);
    if (present)
      return {
        changed: false,
        sentence: `request ${name} is there already`,
        name,
        uid: proved(present, input),
      };
    const created = await createCsr(api, name, {
      request: Buffer.from(said['request'] ?? '', 'utf8').toString('base64'),
      signerName: clientSigner,
      usages: ['digital signature', 'client auth'],
    }).catch(async (error: unknown) => {
      // Filed by an attempt whose answer was lost, or just now: what is there is proved like any other.
      const there = isConflict(error) ? await readCsr(api, name) : undefined;
      if (there) return there;
      throw error;
    });
    return {
      changed: true,
      sentence: `filed request ${name} for ${input.csr.commonName}`,
      name,
      uid: proved(created, input),
    };
  });
}

export async function approveOwnRequest(
  reach: OwnReach,
  input: OwnRequestInput & { uid: string },
  by: string,
): ReturnType<LadderActivities['approveOwnRequest']> {
  const name = ownRequestName(input.runId, input.node);
  return await withApi(reach, async (api) => {
    const changed = await approveNamed(
      api,
      { name, uid: input.uid },
      (csr) => proved(csr, input) === input.uid,
      by,
    );
    await waitUntilIssued(api, name, input.uid, reach.signal);
    const sentence = changed
      ? `approved request ${name}, whose key is the one on ${input.node}; its certificate is issued`
      : `request ${name} was approved already; its certificate is issued`;
    return { changed, sentence };
  });
}

export async function installKubeletCertificate(
  reach: OwnReach,
  input: OwnRequestInput & { uid: string },
): ReturnType<LadderActivities['installKubeletCertificate']> {
  const { node, runId, publicKeySha256, uid } = input;
  const name = ownRequestName(runId, node);
  const content = await withApi(reach, async (api) => {
    const csr = await readCsr(api, name);
    if (csr?.metadata?.uid !== uid)
      throw failure('PreconditionFailed', `request ${name} is gone, or was replaced by another`);
    const certificate = Buffer.from(csr.status?.certificate ?? '', 'base64').toString('utf8');
    if (certificate === '') throw failure('CsrNotIssued', `request ${name} carries no certificate`);
    return certificate;
  });
  const said = await reach.lane.run({
    node,
    runId,
    script: 'install-certificate.sh',
    args: [node, publicKeySha256],
    input: content,
    signal: reach.signal,
  });
  const changed = said['changed'] === 'yes';
  const sentence = changed
    ? `the certificate of request ${name} is in the kubelet's place on ${node}`
    : `the certificate of request ${name} was in the kubelet's place on ${node} already`;
  return { changed, sentence };
}

export interface OwnReach {
  cluster: ClusterConnection;
  lane: NodeLane;
  signal: AbortSignal;
}

async function withApi<T>(
  { cluster, lane, signal }: OwnReach,
  work: (api: Kubernetes) => Promise<T>,
): Promise<T> {
  const api = await connectTo(cluster, lane, { budget: createBudget(noLimits()), signal });
  try {
    return await work(api);
  } finally {
    api.close();
  }
}

/** Its UID, when it is exactly what was approved: subject, usages, requester, and the public key that is on the node. */
function proved(csr: CsrObject, { csr: predicate, publicKeySha256 }: OwnRequestInput): string {
  const name = csr.metadata?.name ?? 'without a name';
  const wrong = mismatchesOf(parseCsr(csr), predicate);
  if (publicKeyHash(csr.spec?.request ?? '') !== publicKeySha256) wrong.push('another public key');
  if (wrong.length > 0)
    throw failure(
      'PreconditionFailed',
      `request ${name} is not the one that was made here: ${wrong.join(', ')}`,
    );
  return csr.metadata?.uid ?? '';
}

/** As `openssl req -pubkey | sha256sum` has it. */
function publicKeyHash(request: string): string {
  try {
    const { publicKey } = new Pkcs10CertificateRequest(Buffer.from(request, 'base64').toString('utf8'));
    const base64 = Buffer.from(publicKey.rawData).toString('base64');
    const lines = base64.match(/.{1,64}/g) ?? [];
    const pem = ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----', ''].join('\n');
    return createHash('sha256').update(pem).digest('hex');
  } catch {
    return 'unreadable';
  }
}
