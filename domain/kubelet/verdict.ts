import type { KubeletEvidence, MasterObservation, Observation } from '../control-plane.ts';
import { sentenceCase } from '../input.ts';
import type { Plan } from '../plan.ts';
import type { Policy } from '../policy.ts';
import { valueOf } from '../reading.ts';
import type { RecoveryRequest } from '../run.ts';
import type { Refuse, Verdict } from '../verdict.ts';
import { classify, isReached, type Classification } from './classify.ts';
import {
  csrObjection,
  endpointObjection,
  manifestObjection,
  othersObjection,
  roomObjection,
  secretObjection,
  signerObjection,
  type Objection,
  type Situation,
} from './guards.ts';
import { apiRefusal, lookRefusal } from './look.ts';
import { bootstrapRequester } from './names.ts';
import { isTemporary } from './leftovers.ts';
import { refuse } from './refusal.ts';
import { chooseTarget, severalRefusal, summaryOf } from './target.ts';
import { pinsFor, planRecovery, planScripts } from './plan.ts';

export interface KubeletDecision {
  observation: Observation;
  request: RecoveryRequest;
  /** Not asked yet: what it says about approvals is the workflow's to obey (`ApprovalsNotConfigured`). */
  policy: Policy;
  runId: string;
  scripts: Record<string, string>;
  /** ISO 8601. */
  now: string;
}

/**
 * May this master's kubelet be given a new bootstrap credential, and how? Proceeds only when all of this holds, asked in
 * this order; the first that does not gives the refusal:
 *
 * 1. The look is recent (`EvidenceIncomplete`), and the API answers (`ApiUnreachable`).
 * 2. The named node is one of the inventory (`UnknownNode`); or none is named and exactly one master is affected
 *    (`NodeHealthy`, `SeveralMastersAffected`).
 * 3. It is a master (`NotAMaster`), and ssh reaches it (`NodeUnreachable`).
 * 4. It is not healthy (`NodeHealthy`), its kubelet runs (`KubeletStopped`), and what is wrong is known
 *    (`EvidenceIncomplete`) and is authentication (`NotAnAuthenticationFault`).
 * 5. No other master has lost its authentication too (`SeveralMastersAffected`), and every other one carries its etcd and
 *    its API server (`OtherMasterUnhealthy`, `OtherMasterUnknown`).
 * 6. Somebody can sign (`SignerDown`), and no two requests could be the kubelet's (`TwoMatchingCsrs`).
 * 7. The fault is of the class that this version mends: no certificate, and a bootstrap credential that is rejected or
 *    missing (`ClassNotSupported`). A request that is being issued is waited for.
 * 8. What runs is what the manifests say (`ManifestChanged`), server and CA for the new file are beyond doubt (`EndpointMismatch`), a durable file can be made afterwards
 *    (`BootstrapSecretMissing`), there is room for the backup (`NoRoomForBackup`), and the worker names the code that it
 *    would run (`EvidenceIncomplete`).
 *
 * The workflow adds `ApprovalsNotConfigured` before it acts. Never throws; `digestOf` is SHA-256 of the canonical JSON.
 */
export function decideKubeletAuthRecovery(
  decision: KubeletDecision,
  digestOf: (plan: Plan) => string,
): Verdict {
  const { observation, request } = decision;
  const early = lookRefusal(decision) ?? apiRefusal(observation);
  if (early) return early;

  const classes = observation.masters.map((master) => classify(master, observation));
  const chosen = chooseTarget(observation, request, classes);
  if ('kind' in chosen) return chosen;
  const { target, seen } = chosen;
  const situation: Situation = { observation, target, classes };

  const refusal =
    masterRefusal(target) ??
    reachRefusal(target, seen) ??
    standingRefusal(seen, classes) ??
    severalRefusal(classes) ??
    firstObjection(situation, [othersObjection, signerObjection, csrObjection]);
  if (refusal) return refusal;

  return (
    classVerdict(seen, target, decision) ??
    firstObjection(situation, [manifestObjection, endpointObjection, secretObjection, roomObjection]) ??
    proceed(seen, target, decision, digestOf)
  );
}

function masterRefusal({ name, node }: MasterObservation): Refuse | undefined {
  if (!node.known || node.value.isMaster) return undefined;
  return refuse('NotAMaster', `${name} is not a master`, [
    { fact: `Node ${name} has neither the role master nor control-plane`, source: node.source },
  ]);
}

function reachRefusal(target: MasterObservation, { sentence, evidence }: Classification): Refuse | undefined {
  const { kubelet } = target;
  if (kubelet.known) return undefined;
  const reason = isReached(target) ? 'EvidenceIncomplete' : 'NodeUnreachable';
  return refuse(reason, `${sentence}: ${kubelet.why}`, evidence);
}

function standingRefusal(seen: Classification, classes: Classification[]): Refuse | undefined {
  const { standing, sentence, evidence } = seen;
  switch (standing) {
    case 'healthy': {
      const lost = classes.filter((one) => one.standing === 'lost').map(summaryOf);
      return refuse('NodeHealthy', sentence, [...evidence, ...lost]);
    }
    case 'stopped':
      return refuse('KubeletStopped', sentence, evidence);
    case 'unknown':
      return refuse('EvidenceIncomplete', sentence, evidence);
    case 'ailing':
      return refuse('NotAnAuthenticationFault', sentence, evidence);
    case 'latent':
    case 'lost':
      return undefined;
  }
}

function firstObjection(
  situation: Situation,
  guards: ((situation: Situation) => Objection | undefined)[],
): Refuse | undefined {
  for (const guard of guards) {
    const objection = guard(situation);
    if (objection) return refuse(objection.reason, objection.because, objection.evidence);
  }
  return undefined;
}

/** An approved request is issued within seconds while a signer lives; one that is older than this never will be. */
const issuingTakesMs = 2 * 60_000;

function classVerdict(
  seen: Classification,
  target: MasterObservation,
  { observation, now }: KubeletDecision,
): Verdict | undefined {
  const kubelet = valueOf(target.kubelet);
  if (seen.class === 'C2' && isBeingIssued(observation, now)) {
    return {
      kind: 'wait',
      reason: 'CsrBeingIssued',
      because: `${sentenceCase(seen.sentence)}.`,
      evidence: seen.evidence,
    };
  }
  const mends = kubelet && (seen.class === 'C5' || hasLeftCredential(seen, kubelet));
  const obstacle = mends ? c5Obstacle(kubelet) : `this version mends class C5 only`;
  if (obstacle === undefined) return undefined;
  return refuse(
    'ClassNotSupported',
    `${seen.sentence} (class ${seen.class ?? 'unknown'}): ${obstacle}`,
    seen.evidence,
  );
}

/**
 * C1 and C4 too, where the credential that is good is the temporary one of a run that was killed: it ends within the hour,
 * and nobody would have the node's own one put in its place.
 */
function hasLeftCredential(seen: Classification, { bootstrap }: KubeletEvidence): boolean {
  return (seen.class === 'C1' || seen.class === 'C4') && isTemporary(bootstrap);
}

function isBeingIssued({ csrs }: Observation, now: string): boolean {
  return (valueOf(csrs) ?? []).some(
    ({ state, issued, createdAt }) =>
      state === 'Approved' && !issued && Date.parse(now) - Date.parse(createdAt) < issuingTakesMs,
  );
}

/** Shapes of C5 that a new token would not mend, or that could not be put back or proved clean. */
function c5Obstacle({ bootstrap, adminCredentials }: KubeletEvidence): string | undefined {
  if (bootstrap.file.state === 'unreadable')
    return 'the bootstrap file cannot be parsed, so nothing can be pinned to it';
  if (bootstrap.accepted === 'forbidden' && bootstrap.tokenSubject === bootstrapRequester) {
    return 'node-bootstrapper itself may not file requests, and a new token of it would be refused alike; see ClusterRoleBinding system-bootstrap-node-bootstrapper';
  }
  if (adminCredentials.length > 0) {
    return `a certificate of system:masters lies on the node (${adminCredentials.join(', ')}); it must not get into a backup, and has to go first`;
  }
  return undefined;
}

function proceed(
  seen: Classification,
  target: MasterObservation,
  decision: KubeletDecision,
  digestOf: (plan: Plan) => string,
): Verdict {
  const { observation, runId, scripts } = decision;
  const kubelet = valueOf(target.kubelet);
  const pins = kubelet && pinsFor(target.name, kubelet, { runId, scripts });
  const unnamed = planScripts.filter((name) => !/^[0-9a-f]{64}$/.test(scripts[name] ?? ''));
  if (!kubelet || !pins || unnamed.length > 0 || !/^[\w.-]+$/.test(runId)) {
    const fact = unnamed.length > 0 ? `no hash for ${unnamed.join(', ')}` : `run id ${runId}`;
    return refuse('EvidenceIncomplete', 'the plan cannot be pinned to what would be run', [
      { fact, source: 'the worker' },
    ]);
  }
  const because = `${sentenceCase(seen.sentence)}: a new one lets it ask for a certificate of its own.`;
  const plan = planRecovery({
    cluster: observation.cluster,
    node: target.name,
    because,
    kubelet,
    pins,
  });
  return { kind: 'proceed', plan, digest: digestOf(plan), because, evidence: seen.evidence };
}
