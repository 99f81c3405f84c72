import { valueOf } from '../reading.ts';
import { peerUrl } from './addresses.ts';
import type { Assessment } from './assessment.ts';
import type { Fault, FaultKind } from './classify.ts';
import { standingFacts } from './facts.ts';
import { roomNeeded } from './guards-target.ts';
import { isMemberId } from './member-id.ts';
import type { MasterNode } from './observation.ts';
import type { OperatorKind } from './operator-kind.ts';
import { remediatorsToPause } from './pausing.ts';
import type { EtcdPins, MemberPin } from './pins.ts';
import { etcdScripts } from './names.ts';
import type { EtcdPolicy } from './policy.ts';
import { objection, type EtcdObjection } from './refusal.ts';
import type { Standing } from './standing.ts';
import { overridesForm } from './override.ts';
import { certificateCure, needsQuarantine, strategyFor, type Strategy } from './strategy.ts';
import type { Survey } from './survey.ts';

export interface PlanInput {
  standing: Standing;
  fault: Fault;
  assessment: Assessment;
  kind: OperatorKind;
  decision: { policy: EtcdPolicy; runId: string; scripts: Record<string, string> };
}

/** Whatever is done on a master is done by a script, and the vote covers its text; of an undo, too. */
export function scriptsNeeded(fault: Fault, standing: Standing): string[] {
  return [
    ...Object.values(etcdScripts.always),
    ...(fault.member === undefined ? [] : [etcdScripts.changeMember]),
    ...(needsQuarantine(fault, standing) ? [etcdScripts.quarantine, etcdScripts.restore] : []),
  ];
}

/** Undefined facts are refused, never guessed: a plan names one cluster, one member, one survivor. */
export function pinsFor({
  standing,
  fault,
  assessment,
  kind,
  decision,
}: PlanInput): EtcdPins | EtcdObjection {
  const { survey, observation, rollOut } = assessment;
  const { standings } = assessment;
  const node = valueOf(standing.master.node);
  const survivors = memberPins(assessment);
  const executor = survivors.find(({ node: name }) => hasRoom(name, assessment) && name !== fault.node);
  const cause = mendable(fault);
  if (!node || !rollOut || !executor || !cause || !areIds(fault, survey, survivors)) {
    const because = 'the plan cannot be pinned to one cluster, one member and one survivor';
    return objection('EvidenceIncomplete', because, standingFacts(standings));
  }
  const strategy = strategyFor(fault, decision.policy);
  return {
    runId: decision.runId,
    scripts: pick(decision.scripts, scriptsNeeded(fault, standing)),
    clusterId: survey.clusterId,
    cause,
    strategy,
    operator: kind,
    target: targetPin(fault, node, strategy),
    executor,
    survivors,
    certificates: certificateCure(standing, observation.at, { kind, rollOut }),
    overrides: overridesForm(valueOf(observation.operator)?.overrides),
    remediators: remediatorsToPause(valueOf(observation.remediators)),
    recipient: valueOf(observation.copies)?.recipient ?? '',
  };
}

function targetPin({ node, member, address }: Fault, { uid, internalIps }: MasterNode, strategy: Strategy) {
  return {
    node,
    nodeUid: uid,
    addresses: internalIps,
    ...(member === undefined ? {} : { member: { id: member.id, peerUrls: member.peerUrls } }),
    ...(strategy === 'in-place' && address ? { newPeerUrl: peerUrl(address.to) } : {}),
  };
}

function areIds({ member }: Fault, { clusterId }: Survey, survivors: MemberPin[]): boolean {
  const ids = [clusterId, ...survivors.map(({ memberId }) => memberId), ...(member ? [member.id] : [])];
  return ids.every(isMemberId);
}

/** The verdict turns all others away; undefined: there is no plan for it. */
function mendable({ cause }: Fault): FaultKind | undefined {
  return cause === 'transient' || cause === 'host' || cause === 'unexplained' || cause === 'unseen'
    ? undefined
    : cause;
}

function memberPins({ survey }: Assessment): MemberPin[] {
  return survey.survivors.map(({ master, memberId }) => ({
    node: master.name,
    memberId,
    peerUrls: survey.members.find(({ id }) => id === memberId)?.peerUrls ?? [],
  }));
}

function hasRoom(node: string, assessment: Assessment): boolean {
  const survivor = assessment.survey.survivors.find(({ master }) => master.name === node);
  const free = survivor && valueOf(survivor.master.room)?.freeBytes;
  return free !== undefined && free >= roomNeeded(assessment);
}

function pick(scripts: Record<string, string>, names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, scripts[name] ?? '']));
}
