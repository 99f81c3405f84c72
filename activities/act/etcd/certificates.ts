import { certificateFaults, type CertificateFault } from '../../../domain/etcd/certificates.ts';
import {
  allCertsSecret,
  certificateSecrets,
  etcdNamespace,
  signerTrigger,
} from '../../../domain/etcd/names.ts';
import type { EtcdPins } from '../../../domain/etcd/pins.ts';
import { pointer } from '../../../domain/lease-note.ts';
import { known } from '../../../domain/reading.ts';
import type { Kubernetes } from '../../connections/kubernetes.ts';
import { isObjectGone } from '../../connections/kubernetes-errors.ts';
import type { SecretObject } from '../../connections/objects.ts';
import { readEtcdSecret } from '../../connections/platform-reads.ts';
import { deleteObject } from '../../connections/writes.ts';
import type { ActResult } from '../../contract.ts';
import { failure } from '../../failure.ts';
import { factsInAllCerts, factsOfSecret } from '../../observe/etcd/certificate-facts.ts';
import { onObject, once, patchOnce, type Reach } from '../on-object.ts';

/**
 * Has the operator sign the target's certificates anew, by the cure that was approved. They are looked at directly before: fresh
 * ones are left alone, however stale they were when the plan was made. No key of theirs leaves this activity.
 */
export async function renewCertificates(reach: Reach, pins: EtcdPins): Promise<ActResult> {
  const { cure } = pins.certificates;
  if (cure === 'drop-from-all-certs') return await dropFromAllCerts(reach, pins);
  if (cure === 'delete-secrets') return await deleteSecrets(reach, pins);
  return { changed: false, sentence: 'the plan asks for no renewal' };
}

async function dropFromAllCerts(reach: Reach, { target, certificates }: EtcdPins): Promise<ActResult> {
  const key = signerTrigger(target.node);
  return await onObject(reach, async (api) => {
    const all = await readEtcdSecret(api, allCertsSecret);
    if (!all) throw failure('PreconditionFailed', `there is no secret ${etcdNamespace}/${allCertsSecret}`);
    if (all.data?.[key] === undefined)
      return { changed: false, sentence: `${key} is not in ${allCertsSecret}: the operator signs it anew` };
    const faults = await faultsNow(api, target, all, new Date(Date.now() + api.clockOffsetMs()));
    if (!faults.some(({ name }) => certificates.secrets.includes(name)))
      return { changed: false, sentence: `the certificates of ${target.node} are fresh already` };
    const patch = [
      { op: 'test' as const, path: '/metadata/resourceVersion', value: versionOf(all) },
      { op: 'remove' as const, path: pointer(['data', key]) },
    ];
    const hasHappened = async () => (await readEtcdSecret(api, allCertsSecret))?.data?.[key] === undefined;
    await patchOnce(api, secretPath(allCertsSecret), patch, hasHappened);
    return { changed: true, sentence: `took ${key} out of ${allCertsSecret}: the operator signs it anew` };
  });
}

async function deleteSecrets(reach: Reach, { target, certificates }: EtcdPins): Promise<ActResult> {
  const own = certificateSecrets(target.node);
  const foreign = certificates.secrets.find((name) => !own.includes(name));
  if (foreign !== undefined)
    throw failure('PreconditionFailed', `${foreign} is no certificate of ${target.node}`);
  const gone: string[] = [];
  for (const name of certificates.secrets) {
    if (await deleteIfStale(reach, target, name)) gone.push(name);
  }
  const sentence =
    gone.length === 0
      ? `the certificates of ${target.node} are fresh or gone already`
      : `deleted ${gone.join(', ')}: the operator makes them anew`;
  return { changed: gone.length > 0, sentence };
}

/** Exactly the object that was looked at: another of the same name is the operator's new one. */
async function deleteIfStale(reach: Reach, target: EtcdPins['target'], name: string): Promise<boolean> {
  return await onObject(reach, async (api) => {
    const secret = await readEtcdSecret(api, name);
    if (!secret) return false;
    const faults = await faultsNow(api, target, undefined, new Date(Date.now() + api.clockOffsetMs()));
    if (!faults.some((fault) => fault.where === 'secret' && fault.name === name)) return false;
    const uid = secret.metadata?.uid;
    if (uid === undefined) throw failure('PreconditionFailed', `secret ${name} has no uid`);
    const preconditions = { uid, resourceVersion: versionOf(secret) };
    const hasHappened = async () => (await readEtcdSecret(api, name))?.metadata?.uid !== uid;
    await once(async () => {
      await deleteObject(api, secretPath(name), preconditions).catch((error: unknown) => {
        if (!isObjectGone(error)) throw error;
      });
    }, hasHappened);
    return true;
  });
}

/** `all`: as it was read; absent: it is read. By the API server's clock. */
async function faultsNow(
  api: Kubernetes,
  { node, nodeUid, addresses }: EtcdPins['target'],
  all: SecretObject | undefined,
  now: Date,
): Promise<CertificateFault[]> {
  const names = certificateSecrets(node);
  const own = await Promise.all(
    names.map(async (name) => factsOfSecret(name, await readEtcdSecret(api, name))),
  );
  const inAllCerts = factsInAllCerts(node, all ?? (await readEtcdSecret(api, allCertsSecret)));
  const approved = { uid: nodeUid, ready: 'Unknown' as const, readyReason: '', internalIps: addresses };
  const master = {
    name: node,
    node: known(approved, 'the approved plan'),
    certificates: known({ secrets: own, inAllCerts }, `secrets of ${etcdNamespace}`),
  };
  return certificateFaults(master, now.toISOString());
}

function secretPath(name: string): string {
  return `/api/v1/namespaces/${etcdNamespace}/secrets/${encodeURIComponent(name)}`;
}

function versionOf({ metadata }: SecretObject): string {
  const version = metadata?.resourceVersion;
  if (version === undefined) throw failure('PreconditionFailed', 'the secret has no version');
  return version;
}
