import type { MasterObservation, Observation } from '../control-plane.ts';
import { classify } from '../kubelet/classify.ts';
import { endpointObjection } from '../kubelet/endpoint.ts';
import { secretObjection, type Situation } from '../kubelet/guards.ts';
import { factsOf, leftoversOn, type Leftovers } from '../kubelet/leftovers.ts';
import { refuse } from '../kubelet/refusal.ts';
import type { LeftBootstrap } from '../plan.ts';
import { valueOf } from '../reading.ts';
import type { RecoveryRequest } from '../run.ts';
import type { Evidence, Refuse, Wait } from '../verdict.ts';
import { cleanupScripts } from './plan.ts';

export interface NodeQuestion {
  observation: Observation;
  request: RecoveryRequest;
  /** Of the run that cleans up. */
  runId: string;
  scripts: Record<string, string>;
  /** Ids of the recoveries that are open in Temporal, this one or not. */
  open: string[];
}

interface Candidate {
  master: MasterObservation;
  left: Leftovers;
}

/** A node that may be tidied. */
export interface Tidying extends Candidate {
  kind: 'tidying';
  bootstrap?: LeftBootstrap;
}

/**
 * May what a killed run has left on a node be cleaned up? Only when all of this holds, asked in this order:
 *
 * 1. The named node is one of the inventory (`UnknownNode`); or none is named and exactly one has leftovers
 *    (`NothingLeft`, `SeveralNodesWithLeftovers`), with every other one looked at (`EvidenceIncomplete`).
 * 2. Something is left there (`NothingLeft`) that belongs to no open run (`RunStillOpen`); a script at work is waited for.
 * 3. The node is well (`RecoveryNeededFirst`): what a half-done recovery left is needed by the next one, or replaced by it.
 * 4. For a durable bootstrap file: server and CA are beyond doubt (`EndpointMismatch`), and the secret is there
 *    (`BootstrapSecretMissing`).
 */
export function judgeNode(decision: NodeQuestion): Tidying | Refuse | Wait {
  const { observation } = decision;
  const chosen = chooseNode(decision);
  if ('kind' in chosen) return chosen;
  if (chosen.left.lockHeld) return locked(chosen);
  return nothingRefusal(chosen, decision) ?? healthRefusal(chosen, observation) ?? tidying(chosen, decision);
}

function chooseNode({ observation, request, open, runId }: NodeQuestion): Candidate | Refuse {
  const { cluster, masters } = observation;
  const others = open.filter((id) => id !== runId);
  const candidates = masters.flatMap((master): Candidate[] => {
    const kubelet = valueOf(master.kubelet);
    return kubelet ? [{ master, left: leftoversOn(kubelet, others) }] : [];
  });
  if (request.node !== undefined) return namedNode(request.node, observation, candidates);
  const [first, ...more] = candidates.filter(({ left }) => isAny(left));
  if (first && more.length === 0) return first;
  if (first) {
    const names = [first, ...more].map(({ master }) => master.name).join(' and ');
    return refuse('SeveralNodesWithLeftovers', `${names} have leftovers of runs; one is cleaned at a time`, [
      ...evidenceOf(first),
      ...more.flatMap(evidenceOf),
    ]);
  }
  const unseen = masters.find(({ kubelet }) => !kubelet.known);
  if (unseen) return unseenRefusal(unseen);
  return refuse('NothingLeft', `no run has left anything on a master of ${cluster}`, []);
}

function namedNode(
  name: string,
  { cluster, masters }: Observation,
  candidates: Candidate[],
): Candidate | Refuse {
  const master = masters.find((one) => one.name === name);
  if (!master) return refuse('UnknownNode', `${name} is not among the masters of ${cluster}`, []);
  return candidates.find((one) => one.master === master) ?? unseenRefusal(master);
}

function unseenRefusal({ name, kubelet }: MasterObservation): Refuse {
  const why = kubelet.known ? '' : kubelet.why;
  return refuse('EvidenceIncomplete', `${name} could not be looked at: ${why}`, [
    { fact: `${name}: ${why}`, source: kubelet.source },
  ]);
}

function isAny({ runs, credential, lockHeld }: Leftovers): boolean {
  return runs.length > 0 || credential?.by !== undefined || lockHeld;
}

export function evidenceOf({ master, left }: Candidate): Evidence[] {
  const facts = left.runs.flatMap(factsOf);
  if (left.credential) facts.push('the token in the bootstrap file is one that expires');
  return facts.map((fact) => ({ fact, source: master.kubelet.source }));
}

function locked(chosen: Candidate): Wait {
  return {
    kind: 'wait',
    reason: 'NodeLocked',
    because: `A script of ours is at work on ${chosen.master.name}, or hangs there.`,
    evidence: evidenceOf(chosen),
  };
}

function nothingRefusal({ master, left }: Candidate, { open, runId }: NodeQuestion): Refuse | undefined {
  if (isAny(left)) return undefined;
  const traces = valueOf(master.kubelet)?.traces.runs ?? [];
  const going = traces.find((run) => run.runId !== runId && open.includes(run.runId));
  if (going) return refuse('RunStillOpen', `run ${going.runId} is at work on ${master.name}`, []);
  const kept = traces.filter(({ hasDirectory }) => hasDirectory).map(({ runId: id }) => id);
  return refuse('NothingLeft', `no run has left anything on ${master.name}`, [
    { fact: `backups of runs that are over: ${kept.join(', ') || 'none'}`, source: master.kubelet.source },
  ]);
}

function healthRefusal({ master }: Candidate, observation: Observation): Refuse | undefined {
  const { standing, sentence, evidence } = classify(master, observation);
  if (standing === 'healthy') return undefined;
  if (standing === 'unknown') return refuse('EvidenceIncomplete', sentence, evidence);
  const because = `${sentence}: ${master.name} needs KubeletAuthRecovery, or a person, before it is tidied`;
  return refuse('RecoveryNeededFirst', because, evidence);
}

function tidying(chosen: Candidate, { observation, scripts }: NodeQuestion): Tidying | Refuse {
  const bootstrap = credentialPins(chosen, observation);
  if (bootstrap && 'kind' in bootstrap) return bootstrap;
  const unnamed = cleanupScripts.filter((name) => !/^[0-9a-f]{64}$/.test(scripts[name] ?? ''));
  if (unnamed.length > 0)
    return refuse('EvidenceIncomplete', `the worker names no hash for ${unnamed.join(', ')}`, []);
  return { kind: 'tidying', ...chosen, ...(bootstrap ? { bootstrap } : {}) };
}

/** Undefined when there is no credential of ours to replace. One that no run of ours has installed is a person's. */
function credentialPins(
  { master, left }: Candidate,
  observation: Observation,
): LeftBootstrap | Refuse | undefined {
  const by = left.credential?.by;
  if (!by) return undefined;
  const kubeconfig = valueOf(master.kubelet)?.kubeconfig;
  const situation: Situation = { observation, target: master, classes: [] };
  const objection = endpointObjection(situation) ?? (by.aborted ? undefined : secretObjection(situation));
  if (objection) return refuse(objection.reason, objection.because, objection.evidence);
  if (kubeconfig?.state !== 'present')
    return refuse('EndpointMismatch', `the kubeconfig of ${master.name} is ${kubeconfig?.state}`, []);
  return {
    runId: by.runId,
    aborted: by.aborted,
    server: kubeconfig.server,
    caSha256: kubeconfig.caSha256,
  };
}
