import type { ClientCsr, MasterObservation, Observation } from '../control-plane.ts';
import { valueOf } from '../reading.ts';
import type { Evidence, KubeletRefusal } from '../verdict.ts';
import type { Classification } from './classes.ts';
import { matchingCsrs } from './own-requests.ts';
import { factOf } from './facts.ts';

/** Why not, where it does not rest on the affected kubelet alone. */
export interface Objection {
  reason: KubeletRefusal;
  because: string;
  evidence: Evidence[];
}

export interface Situation {
  observation: Observation;
  target: MasterObservation;
  /** Of every master, in the inventory's order. */
  classes: Classification[];
}

/** A control plane of which fewer are known may have masters that we do not see. */
const mastersAtLeast = 3;

/** One master at a time, and only while every other one is known to carry the control plane. */
export function othersObjection({ observation, target, classes }: Situation): Objection | undefined {
  const count = observation.masters.length;
  if (count < mastersAtLeast) {
    const fact = `the inventory names ${count} ${count === 1 ? 'master' : 'masters'}: ${observation.masters.map(({ name }) => name).join(', ')}`;
    return {
      reason: 'OtherMasterUnknown',
      because: `fewer than three masters are known, so nobody vouches for the others`,
      evidence: [{ fact, source: 'clusters.yaml' }],
    };
  }
  const others = observation.masters.filter(({ name }) => name !== target.name);
  for (const other of others) {
    const objection =
      healthObjection(other, 'etcd') ??
      healthObjection(other, 'apiServer') ??
      kubeletObjection(other, classes);
    if (objection) return objection;
  }
  return undefined;
}

function healthObjection(other: MasterObservation, part: 'etcd' | 'apiServer'): Objection | undefined {
  const reading = other[part];
  const what = part === 'etcd' ? 'the etcd member' : 'the API server';
  if (reading.known && reading.value.healthy) return undefined;
  return {
    reason: reading.known ? 'OtherMasterUnhealthy' : 'OtherMasterUnknown',
    because: `${what} on ${other.name} is ${reading.known ? 'not healthy' : 'not known to be healthy'}; a master is touched only while all others carry the control plane`,
    evidence: [
      factOf(
        reading,
        `${what} on ${other.name}`,
        ({ healthy, detail }) => `${healthy ? 'healthy' : 'not healthy'} (${detail})`,
      ),
    ],
  };
}

/** A master that is not Ready, and at which nobody could look, may have the same fault: then it would be the second. */
function kubeletObjection(other: MasterObservation, classes: Classification[]): Objection | undefined {
  const node = valueOf(other.node);
  const seen = classes.find((one) => one.node === other.name);
  if (node?.ready === 'True' || (seen && seen.standing !== 'unknown')) return undefined;
  return {
    reason: 'OtherMasterUnknown',
    because: `${other.name} is not Ready, and what is wrong there is not known`,
    evidence: seen?.evidence ?? [],
  };
}

/** Nobody can issue a certificate without the kube-controller-manager: the kubelet would wait in vain. */
export function signerObjection({
  observation: { signer },
}: Pick<Situation, 'observation'>): Objection | undefined {
  if (signer.known && signer.value.alive) return undefined;
  return {
    reason: 'SignerDown',
    because: signer.known
      ? 'no kube-controller-manager holds its lease, so nobody can sign a certificate'
      : 'whether anybody can sign a certificate could not be learnt',
    evidence: [
      factOf(
        signer,
        'kube-controller-manager',
        ({ leaseHolder, leaseRenewedAt, leaseDurationSeconds }) =>
          `lease of ${leaseHolder}, renewed ${leaseRenewedAt}, valid ${leaseDurationSeconds} s`,
      ),
    ],
  };
}

/** Without them nobody knows what the kubelet has asked for, nor what it will have asked for after a restart. */
export function requestsObjection({ observation: { csrs } }: Situation): Objection | undefined {
  if (csrs.known) return undefined;
  return {
    reason: 'EvidenceIncomplete',
    because: 'the certificate requests could not be read',
    evidence: [factOf(csrs, 'certificate requests', () => '')],
  };
}

/** One that nobody has seen is not paused, and might reboot the master in the midst of the run. That there is no such kind is known. */
export function remediatorsObjection({ observation: { platform } }: Situation): Objection | undefined {
  const { remediators } = platform;
  if (remediators.known) return undefined;
  return {
    reason: 'EvidenceIncomplete',
    because: 'whether anything else might reboot or replace a master meanwhile could not be learnt',
    evidence: [factOf(remediators, 'MachineHealthChecks and NodeHealthChecks', () => '')],
  };
}

/** Two candidates mean no: a kubelet whose credential is rejected has filed neither, so that somebody else has. */
export function csrObjection({ observation, target }: Situation): Objection | undefined {
  const { csrs } = observation;
  const pending = matchingCsrs(observation, target.name).filter(({ state }) => state === 'Pending');
  if (pending.length < 2) return undefined;
  return {
    reason: 'TwoMatchingCsrs',
    because: `${pending.length} pending requests match ${target.name}, and which of them is the kubelet's cannot be told`,
    evidence: pending.map((csr) => ({ fact: csrFact(csr), source: csrs.source })),
  };
}

function csrFact({ name, requester, commonName, createdAt, state }: ClientCsr): string {
  return `request ${name}: ${state}, by ${requester} for CN=${commonName}, created ${createdAt}`;
}

/**
 * Without the secret no durable bootstrap file can be made, and the next loss would have no way back. One answer of the API
 * that does not come is no word about the secret: taken for one, it made a run put a certificate in place by hand.
 */
export function secretObjection({ observation: { bootstrapSecret } }: Situation): Objection | undefined {
  const secret = valueOf(bootstrapSecret);
  if (secret?.hasToken && secret.invalidSince === undefined) return undefined;
  if (!bootstrapSecret.known && bootstrapSecret.cause !== 'ApiForbidden') {
    return {
      reason: 'EvidenceIncomplete',
      because: 'the secret from which a durable bootstrap file is made could not be read',
      evidence: [factOf(bootstrapSecret, 'bootstrap secret', () => '')],
    };
  }
  const wrong = secret?.hasToken ? 'is marked invalid' : secret ? 'holds no token' : 'could not be read';
  return {
    reason: 'BootstrapSecretMissing',
    because: `the secret from which a durable bootstrap file is made ${wrong}`,
    evidence: [
      factOf(bootstrapSecret, 'bootstrap secret', ({ namespace, name, hasToken, invalidSince }) =>
        [
          `${namespace}/${name}`,
          hasToken ? 'with token' : 'without token',
          invalidSince === undefined ? '' : `invalid since ${invalidSince}`,
        ]
          .filter((part) => part !== '')
          .join(', '),
      ),
    ],
  };
}

/**
 * A kubelet without access to the API stops and replaces no static pod; one that is healed does so at once. So what was
 * moved away or edited meanwhile, often in the hope that it would help, would take effect just then: an etcd member that
 * runs on without its manifest would be stopped.
 */
export function manifestObjection({ target }: Pick<Situation, 'target'>): Objection | undefined {
  const { kubelet, name } = target;
  if (!kubelet.known) return undefined;
  const { manifests, orphanPods } = kubelet.value;
  const facts = [
    ...orphanPods.map((pod) => `${pod.namespace}/${pod.name} runs, and no manifest is there for it`),
    ...manifests
      .filter(({ writtenSince }) => writtenSince)
      .map(({ file, podName }) => `${file} was written after the ${podName} that runs was started`),
  ];
  if (facts.length === 0) return undefined;
  return {
    reason: 'ManifestChanged',
    because: `static pods on ${name} run otherwise than their manifests say, and a kubelet that is healed would stop or replace them at once`,
    evidence: facts.map((fact) => ({ fact, source: kubelet.source })),
  };
}

/** Enough for copies of a few kilobytes; a disk that is fuller than this has another problem first. */
const roomAtLeast = 64 * 1024 * 1024;

export function roomObjection({ target }: Situation): Objection | undefined {
  const { kubelet } = target;
  if (!kubelet.known || kubelet.value.disk.freeBytes >= roomAtLeast) return undefined;
  const fact = `${kubelet.value.disk.freeBytes} bytes are free under /var/lib/kubelet, ${roomAtLeast} are needed`;
  return {
    reason: 'NoRoomForBackup',
    because: `${target.name} has no room for a backup`,
    evidence: [{ fact, source: kubelet.source }],
  };
}
