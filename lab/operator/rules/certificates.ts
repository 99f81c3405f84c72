/** The three certificates of a node, by the prefix of their secrets. */
export const NODE_CERTIFICATES = ['etcd-peer', 'etcd-serving', 'etcd-serving-metrics'] as const;

export const HOSTNAMES = 'auth.openshift.io/certificate-hostnames';
export const NOT_AFTER = 'auth.openshift.io/certificate-not-after';

const SERVICE_NAMES = [
  'etcd.kube-system.svc',
  'etcd.kube-system.svc.cluster.local',
  'etcd.openshift-etcd.svc',
  'etcd.openshift-etcd.svc.cluster.local',
  'localhost',
];

/** What each of a node's certificates is valid for, in the order of its annotation. */
export function hostnamesOf(address: string): string[] {
  return [...[address, '127.0.0.1', '::1'].sort(), ...SERVICE_NAMES];
}

/**
 * Why a node's certificate must be made anew, in the words of the event TargetUpdateRequired; undefined when it is
 * current. The operator reads its own annotations and never the certificate: one that was replaced by another, or
 * damaged, under annotations that still look right stays as it is.
 */
export function staleBecause(
  annotations: Readonly<Record<string, string>> | undefined,
  required: readonly string[],
  now: Date,
): string | undefined {
  if (!annotations) return "secret doesn't exist";
  const notAfter = annotations[NOT_AFTER];
  if (!notAfter) return 'missing notAfter';
  if (Date.parse(notAfter) <= now.getTime()) return 'already expired';
  const existing = (annotations[HOSTNAMES] ?? '').split(',');
  const superfluous = existing.filter((name) => !required.includes(name));
  const missing = required.filter((name) => !existing.includes(name));
  if (superfluous.length + missing.length === 0) return undefined;
  return `"${superfluous.join(',')}" are existing and not required, "${missing.join(',')}" are required and not existing`;
}

interface SignerState {
  waitsForStableRevision: boolean;
  /** The revision that all nodes share; undefined during a roll-out. */
  sharedRevision: number | undefined;
  /** Keys of the secret `etcd-all-certs`; undefined when there is none. */
  allCertsKeys: readonly string[] | undefined;
  masters: readonly string[];
  hasBundles: boolean;
}

/**
 * Whether the certificate signer looks at the nodes' certificates at all, and else what it logs. During a roll-out it does
 * nothing, however stale they are, with two ways round: the bundle is missing, or a node has no certificate or key in
 * `etcd-all-certs`. Taking one key out of it is what healed run J.
 */
export function mayRenew(state: SignerState): true | string {
  const { allCertsKeys, masters, sharedRevision, hasBundles, waitsForStableRevision } = state;
  if (!hasBundles || !waitsForStableRevision || sharedRevision !== undefined) return true;
  const expected = masters.flatMap(allCertsKeysOf);
  if (!allCertsKeys || expected.some((key) => !allCertsKeys.includes(key))) return true;
  return "skipping EtcdCertSignerController can't get current revision. Err=revision rollout in progress, can't establish current revision";
}

/** A node's six keys in `etcd-all-certs`. */
export function allCertsKeysOf(node: string): string[] {
  return NODE_CERTIFICATES.flatMap((kind) => [`${kind}-${node}.crt`, `${kind}-${node}.key`]);
}
