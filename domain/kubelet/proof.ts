import type {
  ClientCertificate,
  Health,
  Kubeconfig,
  KubeletEvidence,
  MirrorPod,
  NodeStatus,
} from '../control-plane.ts';
import { lasts, ownerOf } from './bootstrap.ts';
import { isLeaseFresh, isOwnSubject } from './identity.ts';
import { mirrorGaps } from './mirror-pods.ts';
import { bootstrapRequester, clientCertificatePath, nodeCommonName } from './names.ts';

/** One look at the recovered node: its own side, its Node object with the lease, and its mirror pods. */
export interface ProofSeen {
  kubelet: KubeletEvidence;
  node: NodeStatus;
  mirrorPods: MirrorPod[];
  /** What it carries for the control plane: a healed kubelet that broke these has healed nothing. */
  etcd: Health;
  apiServer: Health;
}

export interface ProofExpected {
  node: string;
  /** The server that the plan was pinned to. */
  server: string;
  /** The kubelet's start by the node's clock, ISO 8601: whatever is older was true before the recovery too. */
  since: string;
  /** API server's time minus the node's: a pod's status carries the one, the start and the lease carry the other. */
  apiAheadMs?: number;
}

export interface GraduationExpected extends ProofExpected {
  /** No durable bootstrap file can be made now; it is not judged. */
  bootstrapOwed?: boolean;
}

/** Success is `missing` being empty, and nothing else. One sentence each. */
export interface Proof {
  proofs: string[];
  missing: string[];
}

/** The node is itself again: identity, canonical kubeconfig, fresh lease, Ready, a mirror pod for every manifest, etcd and API server. */
export function proveRecovered(seen: ProofSeen, expected: ProofExpected): Proof {
  return collect(recoveredClaims(seen, expected));
}

/** All of that but the identity, which cluster-admin lends it until somebody can sign. */
export function proveServing(seen: ProofSeen, expected: ProofExpected): Proof {
  return collect(servingClaims(seen, expected));
}

/** The node is itself again, can help itself the next time, and nothing of ours is left behind. */
export function proveGraduated(seen: ProofSeen, expected: GraduationExpected): Proof {
  const bootstrap = expected.bootstrapOwed ? [] : bootstrapClaims(seen.kubelet, expected);
  return collect([...recoveredClaims(seen, expected), ...bootstrap, ...leftClaims(seen.kubelet)]);
}

/** `fault` says what is wanting; undefined: the claim holds. */
interface Claim {
  claim: string;
  fault: string | undefined;
}

function recoveredClaims(seen: ProofSeen, expected: ProofExpected): Claim[] {
  const { kubelet } = seen;
  const { node: name, server } = expected;
  const [runs, ...others] = servingClaims(seen, expected) as [Claim, ...Claim[]];
  return [
    runs,
    {
      claim: `its client certificate is its own: O=system:nodes, CN=${nodeCommonName(name)}`,
      fault: certificateFault(kubelet.clientCertificate, name, kubelet.nodeTime),
    },
    {
      claim: `the API server takes it for ${nodeCommonName(name)}, asked with its own kubeconfig`,
      fault: identityFault(kubelet.identity, name),
    },
    {
      claim: `its kubeconfig is canonical and points at ${server}`,
      fault: kubeconfigFault(kubelet.kubeconfig, server),
    },
    ...others,
  ];
}

function servingClaims(
  { kubelet, node, mirrorPods, etcd, apiServer }: ProofSeen,
  { since, apiAheadMs = 0 }: ProofExpected,
): Claim[] {
  const gaps = mirrorGaps(kubelet, mirrorPods, stirredSince(node, shifted(since, apiAheadMs)));
  const { unit, nodeTime } = kubelet;
  return [
    {
      claim: 'the kubelet runs',
      fault:
        unit.activeState === 'active' && unit.subState === 'running'
          ? undefined
          : `it is ${unit.activeState}/${unit.subState}`,
    },
    {
      claim: 'it renews its lease',
      fault: isLeaseFresh(node.leaseRenewedAt, nodeTime, since)
        ? undefined
        : `last renewed ${node.leaseRenewedAt ?? 'never'}`,
    },
    {
      claim: 'its Node is Ready',
      fault: node.ready === 'True' ? undefined : `${node.ready} (${node.readyReason})`,
    },
    {
      claim: `each of its ${kubelet.manifests.length} manifests has its mirror pod, with a status newer than the restart`,
      fault: gaps.length === 0 ? undefined : gaps.join('; '),
    },
    { claim: 'its etcd member is healthy', fault: etcd.healthy ? undefined : etcd.detail },
    { claim: 'its API server is healthy', fault: apiServer.healthy ? undefined : apiServer.detail },
  ];
}

/**
 * A status that is older than the restart proves nothing of a node that was taken for dead. One that has been Ready all the time is
 * none: nobody has touched the statuses of its pods, and a kubelet that finds them right writes them no second time. A pod that it
 * has only just made again has none, and that proves nothing either.
 */
function stirredSince({ ready, readySince }: NodeStatus, since: string): string {
  const stayed = ready === 'True' && readySince !== undefined && Date.parse(readySince) < Date.parse(since);
  return stayed ? everBefore : since;
}

const everBefore = new Date(0).toISOString();

/** A time that is none stays none: then nothing is newer. */
function shifted(time: string, ms: number): string {
  const at = Date.parse(time) + ms;
  return Number.isNaN(at) ? time : new Date(at).toISOString();
}

function bootstrapClaims(
  kubelet: Pick<KubeletEvidence, 'bootstrap' | 'nodeTime'>,
  { server }: ProofExpected,
): Claim[] {
  return [
    {
      claim: `its bootstrap file is for ${server} and is accepted`,
      fault: bootstrapFault(kubelet.bootstrap, server),
    },
    { claim: 'the credential in its bootstrap file does not expire', fault: lastingFault(kubelet) },
  ];
}

function leftClaims({ adminCredentials, temporaryCredentials }: KubeletEvidence): Claim[] {
  return [
    {
      claim: 'no certificate of system:masters is under the kubelet’s directories or in our backups',
      fault: adminCredentials.length === 0 ? undefined : `found in ${adminCredentials.join(', ')}`,
    },
    {
      claim: 'no temporary credential is left',
      fault: temporaryCredentials.length === 0 ? undefined : `found in ${temporaryCredentials.join(', ')}`,
    },
  ];
}

function lastingFault(kubelet: Pick<KubeletEvidence, 'bootstrap' | 'nodeTime'>): string | undefined {
  const { file, tokenExpiresAt } = kubelet.bootstrap;
  // A file that is missing is the other claim's business.
  if (file.state === 'present' && ownerOf(kubelet.bootstrap) === undefined)
    return 'it holds neither a token nor a certificate of node-bootstrapper';
  if (lasts(kubelet)) return undefined;
  const ends = file.state === 'present' ? file.embeddedNotAfter : undefined;
  return `it expires at ${tokenExpiresAt ?? ends ?? 'some time'}`;
}

/** Why this is not the node's own certificate, ready to be used and renewed; undefined when it is. */
export function certificateFault(
  certificate: ClientCertificate,
  node: string,
  nodeTime: string,
): string | undefined {
  if (certificate.state !== 'present') return `it is ${certificate.state}`;
  const { commonName, organizations, isSymlink, notBefore, notAfter } = certificate;
  if (!isOwnSubject(certificate, node)) return `it is O=${organizations.join('+')}, CN=${commonName}`;
  // With a regular file the kubelet starts, but no renewal can ever be stored.
  if (!isSymlink) return 'kubelet-client-current.pem is a regular file, not a link';
  const valid = Date.parse(notBefore) <= Date.parse(nodeTime) && Date.parse(nodeTime) < Date.parse(notAfter);
  return valid
    ? undefined
    : `it is valid from ${notBefore} to ${notAfter}, and it is ${nodeTime} on the node`;
}

/** The file alone says what it claims, not whom anybody takes it for. */
function identityFault(
  { accepted, detail, username = '' }: KubeletEvidence['identity'],
  node: string,
): string | undefined {
  if (accepted !== 'yes') return `${accepted} (${detail})`;
  return username === nodeCommonName(node) ? undefined : `it takes it for ${username}`;
}

function kubeconfigFault(kubeconfig: Kubeconfig, server: string): string | undefined {
  if (kubeconfig.state !== 'present') return `it is ${kubeconfig.state}`;
  const { credential, certificatePath, keyPath } = kubeconfig;
  if (kubeconfig.server !== server) return `it points at ${kubeconfig.server}`;
  if (credential !== 'client-certificate-file') return `its credential is ${credential}`;
  const strange = [certificatePath, keyPath].find((path) => path !== clientCertificatePath);
  return certificatePath === clientCertificatePath && keyPath === clientCertificatePath
    ? undefined
    : `it names ${strange ?? 'no file'}`;
}

function bootstrapFault(bootstrap: KubeletEvidence['bootstrap'], server: string): string | undefined {
  const { file, accepted, detail } = bootstrap;
  if (file.state !== 'present') return `it is ${file.state}`;
  if (file.server !== server) return `it points at ${file.server}`;
  const owner = ownerOf(bootstrap);
  if (owner !== undefined && owner !== bootstrapRequester) return `its credential is that of ${owner}`;
  return accepted === 'yes' ? undefined : `${accepted} (${detail})`;
}

function collect(claims: Claim[]): Proof {
  const proofs = claims.filter(({ fault }) => fault === undefined).map(({ claim }) => claim);
  const missing = claims.flatMap(({ claim, fault }) =>
    fault === undefined ? [] : [`not proved that ${claim}: ${fault}`],
  );
  return { proofs, missing };
}
