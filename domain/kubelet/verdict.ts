import { isDurable } from './bootstrap.ts';
import type { Observation } from '../control-plane.ts';
import { sentenceCase } from '../input.ts';
import type { KubeletPins, Plan } from '../plan.ts';
import type { Policy } from '../policy.ts';
import { valueOf } from '../reading.ts';
import type { RecoveryRequest } from '../run.ts';
import type { Refuse, Verdict } from '../verdict.ts';
import type { Classification } from './classes.ts';
import { classify } from './classify.ts';
import { endpointFor, type Endpoint } from './endpoint.ts';
import {
  manifestObjection,
  othersObjection,
  remediatorsObjection,
  requestsObjection,
  roomObjection,
  secretObjection,
  type Objection,
  type Situation,
} from './guards.ts';
import { chooseRung, mostTelling, type Choice } from './ladder.ts';
import { apiRefusal, lookRefusal, versionRefusal } from './look.ts';
import { bootstrapPath, kubeconfigPath, withdrawable } from './names.ts';
import { apiAheadMs } from './own-requests.ts';
import { pinsFor } from './pins.ts';
import { planRecovery, planScripts } from './plan.ts';
import { refuse } from './refusal.ts';
import { rungs, type Rise } from './rung.ts';
import { masterRefusal, reachRefusal, standingRefusal } from './standing.ts';
import { chooseTargets, type Chosen } from './target.ts';

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
 * May this master's kubelet be brought back, and how? Proceeds only when all of this holds, asked in this order; the first that
 * does not gives the refusal:
 *
 * 1. The look is recent (`EvidenceIncomplete`), the API answers (`ApiUnreachable`), and can say as whom it sees a kubelet.
 * 2. The named node is one of the inventory (`UnknownNode`); or none is named and a master is affected (`NodeHealthy`). Of
 *    several that are lost the first that can be mended is: one run mends one master, and the next run the next.
 * 3. It is a master (`NotAMaster`), and ssh reaches it (`NodeUnreachable`).
 * 4. It is not healthy (`NodeHealthy`), its kubelet runs (`KubeletStopped`), and what is wrong is known
 *    (`EvidenceIncomplete`) and is authentication (`NotAnAuthenticationFault`).
 * 5. Every other master carries its etcd and its API server (`OtherMasterUnhealthy`, `OtherMasterUnknown`); the requests, and
 *    what else might reboot a master, could be read (`EvidenceIncomplete`). A request that is being issued is waited for.
 * 6. A rung of the ladder fits; else the most telling reason why none does (`EvidenceIncomplete`, `TwoMatchingCsrs`,
 *    `SignerDown`, `PowersMissing`, `BootstrapSecretMissing`, `ClassNotSupported`).
 * 7. What runs is what the manifests say (`ManifestChanged`), server and CA are beyond doubt (`EndpointMismatch`), there is room
 *    for the backup (`NoRoomForBackup`), no admin credential is in the way (`ClassNotSupported`), and the worker names the code
 *    that it would run (`EvidenceIncomplete`).
 *
 * The workflow adds `ApprovalsNotConfigured` before it acts. Never throws; `digestOf` is SHA-256 of the canonical JSON.
 */
export function decideKubeletAuthRecovery(
  decision: KubeletDecision,
  digestOf: (plan: Plan) => string,
): Verdict {
  const { observation, request } = decision;
  const early = lookRefusal(decision) ?? apiRefusal(observation) ?? versionRefusal(observation);
  if (early) return early;

  const classes = observation.masters.map((master) => classify(master, observation));
  const targets = chooseTargets(observation, request, classes);
  if ('kind' in targets) return targets;
  const verdicts = targets.map((chosen) => judgeTarget(chosen, classes, decision, digestOf));
  return verdicts.find(({ kind }) => kind !== 'refuse') ?? verdicts[0]!;
}

function judgeTarget(
  { target, seen }: Chosen,
  classes: Classification[],
  decision: KubeletDecision,
  digestOf: (plan: Plan) => string,
): Verdict {
  const { observation, request } = decision;
  const situation: Situation = { observation, target, classes };
  const refusal =
    masterRefusal(target) ??
    reachRefusal(target, seen) ??
    standingRefusal(seen, classes) ??
    firstObjection(situation, [othersObjection, requestsObjection, remediatorsObjection]);
  if (refusal) return refusal;

  const kubelet = valueOf(target.kubelet)!;
  const rise: Rise = { ...situation, seen, kubelet, request };
  const wait = waitForIssuing(seen, decision);
  if (wait) return wait;
  const choice = chooseRung(rise);
  if ('none' in choice) return noRung(seen, choice.none);
  return (
    firstObjection(situation, [manifestObjection, roomObjection]) ??
    adminRefusal(rise) ??
    proceed(rise, choice, decision, digestOf)
  );
}

function firstObjection(
  situation: Situation,
  guards: ((situation: Situation) => Objection | undefined)[],
): Refuse | undefined {
  for (const guard of guards) {
    const objection = guard(situation);
    if (objection) return refusedBy(objection);
  }
  return undefined;
}

function refusedBy({ reason, because, evidence }: Objection): Refuse {
  return refuse(reason, because, evidence);
}

function noRung({ class: kind, sentence, evidence }: Classification, none: [string, Objection][]): Refuse {
  const why = none.map(([rung, { because }]) => ({ fact: `rung ${rung}: ${because}`, source: 'the ladder' }));
  const telling = mostTelling(none.map(([, objection]) => objection));
  if (telling) return refuse(telling.reason, telling.because, [...telling.evidence, ...evidence, ...why]);
  return refuse(
    'ClassNotSupported',
    `${sentence} (class ${kind ?? 'unknown'}), and no rung of the ladder fits`,
    [...evidence, ...why],
  );
}

/** An approved request is issued within seconds while a signer lives; one that is older than this never will be. */
const issuingTakesMs = 2 * 60_000;

function waitForIssuing(
  { class: kind, sentence, evidence }: Classification,
  { observation, now }: KubeletDecision,
): Verdict | undefined {
  if (kind !== 'C2' || !isBeingIssued(observation, now)) return undefined;
  return { kind: 'wait', reason: 'CsrBeingIssued', because: `${sentenceCase(sentence)}.`, evidence };
}

function isBeingIssued(observation: Observation, now: string): boolean {
  const nowThere = Date.parse(now) + apiAheadMs(observation);
  return (valueOf(observation.csrs) ?? []).some(
    ({ state, issued, createdAt }) =>
      state === 'Approved' && !issued && nowThere - Date.parse(createdAt) < issuingTakesMs,
  );
}

/** Only where the kubelet keeps its own is it ours to take away; anywhere else, or unread, it would spoil the proof at the end. */
function adminRefusal({ kubelet: { adminCredentials }, seen }: Rise): Refuse | undefined {
  const elsewhere = adminCredentials.filter((path) => !withdrawable(path));
  if (elsewhere.length === 0) return undefined;
  return refuse(
    'ClassNotSupported',
    `${seen.sentence} (class ${seen.class ?? 'unknown'}): a certificate of system:masters, or one that cannot be read, lies on the node (${elsewhere.join(', ')}); it has to go first`,
    seen.evidence,
  );
}

function proceed(
  rise: Rise,
  choice: Choice,
  decision: KubeletDecision,
  digestOf: (plan: Plan) => string,
): Verdict {
  const { observation, target, seen, kubelet } = rise;
  const { runId, scripts } = decision;
  const endpoint = endpointFor(rise);
  if ('reason' in endpoint) return refusedBy(endpoint);
  const owed = owedRefusal(rise, choice, endpoint);
  if (owed) return owed;
  const pins: KubeletPins | undefined = pinsFor(rise, choice.rung, endpoint, { runId, scripts });
  const unnamed = planScripts.filter((name) => !/^[0-9a-f]{64}$/.test(scripts[name] ?? ''));
  if (!pins || unnamed.length > 0 || !/^[\w.-]+$/.test(runId)) {
    const fact = unnamed.length > 0 ? `no hash for ${unnamed.join(', ')}` : `run id ${runId}`;
    return refuse('EvidenceIncomplete', 'the plan cannot be pinned to what would be run', [
      { fact, source: 'the worker' },
    ]);
  }
  const because = becauseOf(rise, choice);
  const plan = planRecovery({ cluster: observation.cluster, node: target.name, because, kubelet, pins });
  return { kind: 'proceed', plan, digest: digestOf(plan), because, evidence: evidenceOf(seen, choice) };
}

/** Nothing may be taken away from a kubelet, nor lent to it, that has no way back to a durable bootstrap file. */
function owedRefusal(rise: Rise, { rung }: Choice, { server, source }: Endpoint): Refuse | undefined {
  if (isDurable(rise.kubelet, server)) return undefined;
  // A bootstrap file that holds cluster-admin has to be replaced before anything is called done.
  const lendsAdmin = rise.kubelet.adminCredentials.includes(bootstrapPath);
  const mayOwe = (rung === 'R1' || rung === 'R3') && source === kubeconfigPath && !lendsAdmin;
  const objection = secretObjection(rise);
  // That it could not be read is no ground to leave the node without a way back: it is read again.
  return objection && !(mayOwe && objection.reason !== 'EvidenceIncomplete')
    ? refusedBy(objection)
    : undefined;
}

function becauseOf({ seen, target, classes }: Rise, { rung }: Choice): string {
  const others = classes.filter(({ node, standing }) => standing === 'lost' && node !== target.name);
  const several =
    others.length === 0
      ? ''
      : ` ${sentenceCase(others.map(({ node }) => node).join(' and '))} lost theirs too (class C9): this run mends ${target.name} alone, and the next run the next.`;
  return `${sentenceCase(seen.sentence)} (class ${seen.class ?? 'unknown'}). Rung ${rung}: ${rungs[rung]}.${several}`;
}

function evidenceOf({ evidence }: Classification, { passedOver }: Choice) {
  return [...evidence, ...passedOver.map((fact) => ({ fact: `safer rung ${fact}`, source: 'the ladder' }))];
}
