import { remediatorName, standsAs } from '../etcd/pausing.ts';
import type { PlanStep } from '../plan.ts';
import type { PlanInput } from './plan.ts';

/** Steps that stand around those of a rung: what is kept still meanwhile, and what is waited for afterwards. */

/** What else might reboot or replace the master meanwhile; exactly those that were seen, and whose they are stays told on them. */
export function pauseRemediators({ node, pins }: PlanInput): PlanStep {
  return {
    id: 'pause-remediators',
    sentence: `Pause what might reboot or replace ${node} meanwhile`,
    target: node,
    changes: (pins.remediators ?? []).map((one) => ({
      what: remediatorName(one),
      from: standsAs(one, pins.runId),
      to: 'paused, in the name of this run',
    })),
    risk: 'reversible',
    undo: 'each is resumed',
    proof: 'each says that it is paused, and by whom',
  };
}

export function resumeRemediators({ node, pins }: PlanInput): PlanStep {
  return {
    id: 'resume-remediators',
    sentence: `Let them go on with ${node}`,
    target: node,
    changes: (pins.remediators ?? []).map((one) => ({
      what: remediatorName(one),
      from: 'paused, in the name of this run',
      to: 'active',
    })),
    risk: 'reversible',
    undo: 'not needed: it only takes back what this run has put there',
    proof: 'none of them bears the name of this run',
    skipMeans: 'nothing watches over the health of the masters until a person resumes what the plan names.',
  };
}

export function verifyPlatform({ node }: PlanInput): PlanStep {
  return {
    id: 'verify-platform',
    sentence: `Prove that the operators are settled about ${node}`,
    target: node,
    changes: [],
    risk: 'reversible',
    undo: 'nothing to undo: it only looks',
    proof:
      'guards ready, no installer pod unacknowledged, revisions equal, no operator degraded, metal3 available',
    skipMeans: 'the node is itself again, and what the operators make of it is left to a person.',
  };
}

/** The same watch where nothing is owed: a mended kubelet has proved that it can renew itself only once it has. */
export function watchRenewal({ node }: PlanInput): PlanStep {
  return {
    id: 'follow-up',
    sentence: `Watch over ${node} until its kubelet has renewed its certificate by itself`,
    target: node,
    changes: [
      {
        what: `workflow KubeletFollowUp for ${node}`,
        from: 'as it is',
        to: 'open, without the lock of the cluster; it looks about once a day, changes nothing, and ends with the first renewal',
      },
    ],
    risk: 'reversible',
    undo: 'not needed: it only looks',
    proof: 'the workflow is open',
    skipMeans:
      'nobody watches for the first renewal: if it fails, that shows when the certificate has ended.',
  };
}
