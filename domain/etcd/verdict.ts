import { valueOf } from '../reading.ts';
import type { RecoveryRequest } from '../run.ts';
import type { Proceed, Refuse, Wait } from '../verdict.ts';
import { assess, targetOf, type Assessment } from './assessment.ts';
import type { Fault } from './classify.ts';
import { clusterObjection } from './guards.ts';
import {
  ageObjection,
  kindOf,
  quorumLostObjection,
  readObjection,
  topologyObjection,
  type LeaseOwner,
} from './guards-cluster.ts';
import {
  causeObjection,
  certificatesObjection,
  machineObjection,
  nodeObjection,
  roomObjection,
  scriptsObjection,
} from './guards-target.ts';
import type { EtcdObservation } from './observation.ts';
import { isGateClosed, type OperatorKind } from './operator-kind.ts';
import { scriptsNeeded } from './pinning.ts';
import { planEtcdRecovery, type EtcdPlan } from './plan.ts';
import type { EtcdPolicy } from './policy.ts';
import { arithmetic } from './quorum.ts';
import { refuse, type EtcdObjection } from './refusal.ts';
import type { Standing } from './standing.ts';
import { strategyFor } from './strategy.ts';
import {
  failingWait,
  graceWait,
  joiningWait,
  machineWait,
  platformWait,
  rollOutWait,
  sightingWait,
} from './waits.ts';

export interface EtcdDecision {
  observation: EtcdObservation;
  request: RecoveryRequest;
  policy: EtcdPolicy;
  runId: string;
  /** Name and SHA-256 of every node script that the worker would run. */
  scripts: Record<string, string>;
  /** This run, as a lease would name it: an override that it holds is no obstacle to it. Absent: it holds none. */
  owner?: LeaseOwner;
  /** ISO 8601. */
  now: string;
}

/** A verdict whose plan is one of this runbook. */
export type EtcdVerdict = (Proceed & { plan: EtcdPlan }) | Wait | Refuse;

/**
 * May one etcd member be replaced or mended, and how? Proceeds only when all of this holds, asked in this order; the first
 * that does not gives the answer:
 *
 * 1. The look is recent (`EvidenceIncomplete`), and etcd has quorum (`QuorumLost`).
 * 2. Everything that every decision needs was read (`ApiUnreachable`, `EvidenceIncomplete`).
 * 3. The topology and the release are known ones (`TopologyNotSupported`, `UnsupportedRelease`).
 * 4. The survivors agree (`SurvivorsDisagree`), no alarm is raised (`EtcdOutOfSpace`, `EtcdDataCorrupt`), and exactly one
 *    master is broken (`EtcdHealthy`, `TwoMembersBad`, `TwoCandidates`, `UnknownNode`), whose member is known by its address
 *    (`NoMemberMatches`).
 * 5. The operator is managed, and nobody else holds its gate open (`OperatorUnmanaged`, `ForeignOverride`).
 * 6. No other member in the way (`LearnerInTheWay`, `UnexpectedMemberCount`); every survivor fit (`LeaderUnclear`,
 *    `SurvivorLagging`, `OtherMasterUnhealthy`).
 * 7. No upgrade, machine configuration or revision is being rolled out: waited for, and then refused.
 * 8. The node is Ready and its kubelet authenticates (`NodeNotReady`, `KubeletNotAuthenticated`).
 * 9. The member is bad for good, for one reason, by two independent signals (`MemberTransientlyBad`, `NotAnEtcdFault`,
 *    `FaultNotExplained`), and was so for two minutes.
 * 10. The Machine is fit and follows (`MachineUnfit`, `MachineNeverFollowed`), and the operator had its chance.
 * 11. There is room for a snapshot and a key for its copy (`NoRoomForSnapshot`, `SnapshotRecipientMissing`).
 *
 * Never throws; `digestOf` is SHA-256 of the canonical JSON.
 */
export function decideEtcdRecovery(
  decision: EtcdDecision,
  digestOf: (plan: EtcdPlan) => string,
): EtcdVerdict {
  const { observation, policy } = decision;
  const early = lookObjection(decision);
  if (early) return refuse(early);
  const found = kindOf(observation);
  if ('reason' in found) return refuse(found);

  const assessment = assess(observation);
  const objection = clusterObjection(assessment, decision.request.node, decision);
  if (objection) return refuse(objection);
  const target = targetOf(assessment);
  const held = platformWait(assessment, policy) ?? (target ? rollOutWait : joiningWait)(assessment, policy);
  if (held) return held;
  if (!target) return refuse(nothingToMend(assessment));
  const whole: Target = { ...target, assessment, kind: found.kind };
  return targetVerdict(whole, decision) ?? proceed(whole, decision, digestOf);
}

function lookObjection({ observation, now }: EtcdDecision): EtcdObjection | undefined {
  return (
    ageObjection(observation, now) ??
    quorumLostObjection(observation) ??
    readObjection(observation) ??
    topologyObjection(observation)
  );
}

/** Not to be reached: a look without a target was answered before. Unknown means no. */
function nothingToMend({ observation }: Assessment): EtcdObjection {
  const evidence = [{ fact: 'no master is broken', source: 'the observation' }];
  return {
    reason: 'EvidenceIncomplete',
    because: `no master of ${observation.cluster} is to be mended`,
    evidence,
  };
}

interface Target {
  standing: Standing;
  fault: Fault;
  assessment: Assessment;
  kind: OperatorKind;
}

/** All that concerns the broken master alone; undefined: nothing stands against it. */
function targetVerdict(
  { standing, fault, assessment }: Target,
  decision: EtcdDecision,
): Wait | Refuse | undefined {
  const { policy } = decision;
  const strategy = strategyFor(fault, policy);
  const early = nodeObjection(standing);
  if (early) return refuse(early);
  const failing = failingWait(assessment, fault);
  if (failing) return failing;
  const objection =
    causeObjection(fault) ??
    machineObjection(standing, assessment, strategy) ??
    certificatesObjection(standing);
  if (objection) return refuse(objection);
  const waiting =
    sightingWait(assessment, fault, policy) ??
    machineWait(assessment, standing, { strategy, policy }) ??
    graceWait(assessment, fault, policy);
  if (waiting) return waiting;
  const room =
    roomObjection(assessment) ??
    scriptsObjection(scriptsNeeded(fault, standing), decision.scripts, decision.runId);
  return room && refuse(room);
}

function proceed(
  { standing, fault, assessment, kind }: Target,
  decision: EtcdDecision,
  digestOf: (plan: EtcdPlan) => string,
): EtcdVerdict {
  const plan = planEtcdRecovery({ standing, fault, assessment, kind, decision });
  if ('reason' in plan) return refuse(plan);
  const { survey, observation, standings } = assessment;
  const healthy = standings.filter((one) => one.standing === 'healthy').length;
  const count = { voters: survey.voters.length, healthy };
  const sums = arithmetic(count, changeOf(plan)).map((fact) => ({ fact, source: 'counted' }));
  const operator = valueOf(observation.operator);
  const gate = {
    fact: `the operator's quorum gate is ${operator && isGateClosed(kind, operator) ? 'shut' : 'not seen to be shut'}`,
    source: observation.operator.source,
  };
  return {
    kind: 'proceed',
    plan,
    digest: digestOf(plan),
    because: plan.because,
    evidence: [...fault.signals, ...sums, gate],
  };
}

function changeOf({ steps, pins }: EtcdPlan): 'remove' | 'removed' | 'keep' {
  if (steps.some(({ id }) => id === 'remove-member')) return 'remove';
  return pins.strategy === 'replace' ? 'removed' : 'keep';
}
