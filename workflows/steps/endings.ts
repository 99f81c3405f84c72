import type { Gate, Vote } from '../../domain/approval.ts';
import type { AbortRequest } from '../../domain/run.ts';
import type { Proceed, Refuse, Verdict } from '../../domain/verdict.ts';
import type { Ending } from './run.ts';

const untouched = 'This run changed no credential on the node; "cpr recover" proposes the plan again.';

/** A kubelet that cannot authenticate leaves and starts again every five minutes, whatever this run does. */
const putBack =
  'The bootstrap file is again the one that was found. If the kubelet started by itself while the new credential was in place, it may have filed a certificate request: "cpr diagnose" shows how the node stands, and "kubectl get csr" what waits.';

/** Every way in which a run ends without having healed anything. All of them are results, none is an error. */

export function refused(verdict: Refuse): Ending {
  const { reason, because, evidence, handOver } = verdict;
  return { status: 'refused', reason, sentence: because, evidence, handOver };
}

/** After a Reset it may have acted before: what it did stands in the timeline. */
export function resolved(verdict: Refuse): Ending {
  return {
    status: 'resolved',
    reason: 'FaultGone',
    sentence: `The fault is gone, and this run does nothing: ${verdict.because}`,
    evidence: verdict.evidence,
  };
}

export function rejected(vote: Vote): Ending {
  return {
    status: 'rejected',
    reason: 'RejectedByHuman',
    sentence: `${vote.by} rejected the plan: ${vote.reason}. Nothing was done.`,
    evidence: [],
    handOver: untouched,
  };
}

export function expired(gate: Gate): Ending {
  return {
    status: 'expired',
    reason: 'GateExpired',
    sentence: `Nobody approved gate ${gate.id} before ${gate.deadline}. Nothing was done.`,
    evidence: [],
    handOver: untouched,
  };
}

/** Somebody needs the cluster's lock, and this run had not acted. */
export function superseded({ by, reason }: AbortRequest): Ending {
  return {
    status: 'superseded',
    reason: 'SupersededByHuman',
    sentence: `${by} ended the run to make room for another one: ${reason}. Nothing was done.`,
    evidence: [],
    handOver: untouched,
  };
}

/** Aborted before any credential was changed. */
export function aborted(request: AbortRequest, what: string): Ending {
  return {
    status: 'aborted',
    reason: 'AbortedByHuman',
    sentence: `${request.by} aborted the run: ${request.reason}. ${what}`,
    evidence: [],
    handOver: untouched,
  };
}

/** Aborted after a change that was undone. */
export function abortedAndPutBack(request: AbortRequest): Ending {
  return { ...aborted(request, 'What the run had changed was put back.'), handOver: putBack };
}

export function dryRun(verdict: Proceed): Ending {
  return {
    status: 'dry-run',
    sentence: `Dry run: this plan would have been proposed. ${verdict.because}`,
    evidence: verdict.evidence,
  };
}

export function approvalsNotConfigured(cluster: string, verdict: Proceed): Ending {
  return {
    status: 'refused',
    reason: 'ApprovalsNotConfigured',
    sentence: `The inventory does not say how ${cluster} is approved, so this run observes and plans but never acts.`,
    evidence: verdict.evidence,
    handOver: `Set "approvals: open" for ${cluster} in clusters.yaml, restart the worker, and run "cpr recover ${cluster}" again.`,
  };
}

/** A cluster that changes faster than people can read is not one to act on. */
export function unsettled(gates: number): Ending {
  return {
    status: 'refused',
    reason: 'EvidenceIncomplete',
    sentence: `The cluster kept changing: ${gates} plans in turn were out of date before they could be carried out.`,
    evidence: [],
    handOver: 'Find out what changes the node (the timeline names it), stop that, and start again.',
  };
}

export function couldNotLook(cluster: string, message: string): Ending {
  return {
    status: 'refused',
    reason: 'EvidenceIncomplete',
    sentence: `${cluster} could not be looked at: ${message}`,
    evidence: [],
    handOver: `Mend what the message names; "cpr diagnose ${cluster}" shows whether it helped.`,
  };
}

export function waitedInVain(verdict: Verdict): Ending {
  return {
    status: 'refused',
    reason: 'EvidenceIncomplete',
    sentence: `Waited in vain: ${verdict.because}`,
    evidence: verdict.evidence,
    handOver: 'See why it does not come; "cpr diagnose" shows when it has.',
  };
}

/** Two versions of the worker at once. Found out before anything is done, since no retry could mend it afterwards. */
export function notUnderstood(stepId: string): Ending {
  return {
    status: 'refused',
    reason: 'ClassNotSupported',
    sentence: `The plan names a step that this worker does not know: ${stepId}.`,
    evidence: [],
    handOver: 'Workers of different versions serve this queue: run one version, then start again.',
  };
}
