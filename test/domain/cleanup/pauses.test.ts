import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '../../../activities/decide/index.ts';
import type { CleanupDecision } from '../../../domain/cleanup/verdict.ts';
import type { Observation } from '../../../domain/control-plane.ts';
import { riskOf, type CleanupPlan } from '../../../domain/plan.ts';
import { unknown } from '../../../domain/reading.ts';
import type { Verdict } from '../../../domain/verdict.ts';
import { keptOfEtcd, leavePaused, lend } from '../../support/lent.ts';
import {
  healthyObservation,
  incidentOn,
  kubeletOf,
  leftRun,
  unreachableBySsh,
} from '../../support/observations.ts';
import { cleanupPlanIn, judgeCleanup } from '../../support/cleanups.ts';

const left = '0123456789ab';

type Change = (observation: Observation, decision: CleanupDecision) => unknown;

/** A healthy cluster whose health check a run has left paused; and one change more. */
function judged(change?: Change): Verdict {
  const observation = healthyObservation();
  leavePaused(observation, left);
  return judgeCleanup(observation, change);
}

function planned(change?: Change): CleanupPlan {
  return cleanupPlanIn(judged(change));
}

function idsOf({ steps }: CleanupPlan): string[] {
  return steps.map(({ id }) => id);
}

const unread: Change = ({ platform }) =>
  (platform.remediators = unknown('timed out', 'GET machinehealthchecks', 'ApiUnreachable'));
const litter: Change = (observation) => kubeletOf(observation, 'master-1').traces.runs.push(leftRun());

const ill: Change = (observation) => incidentOn('master-1', observation);
const nothingPaused: Change = (observation) => leavePaused(observation);

/** Beside a lent setting and a master that is ill. */
const about = (kind: 'node' | 'pauses') =>
  judged((observation, decision) => {
    lend(observation);
    incidentOn('master-2', observation);
    decision.about = kind;
    if (kind === 'node') decision.request.node = 'master-1';
  });

describe('what a run that is over has left paused', () => {
  it('is resumed by a plan that names it and that run, can be skipped, and runs nothing on a node', () => {
    const plan = planned();
    assert.deepEqual(idsOf(plan), ['resume-remediators', 'verify']);
    assert.equal(plan.target, 'lab');
    assert.equal(riskOf(plan), 'reversible');
    const [step] = plan.steps;
    assert.deepEqual(
      step?.changes.map(({ what, from }) => [what, from]),
      [['MachineHealthCheck openshift-machine-api/masters', `paused by run ${left}`]],
    );
    assert.match(step?.skipMeans ?? '', /nothing watches/);
    const { pauses } = plan.pins;
    const masters = { kind: 'MachineHealthCheck', namespace: 'openshift-machine-api', name: 'masters' };
    assert.deepEqual(pauses, [{ ...masters, runs: [left] }]);
    assert.deepEqual(plan.residualRisk, []);
  });

  it('comes after what was lent, and before what lies on a node, of which it names what stays', () => {
    const plan = planned((observation, decision) => {
      lend(observation);
      litter(observation, decision);
      kubeletOf(observation, 'master-1').traces.etcd = [keptOfEtcd()];
    });
    assert.deepEqual(idsOf(plan), [
      'lease-etcd-unsafe-override',
      'resume-remediators',
      'conclude-0b1c2d3e4f50',
      'verify',
    ]);
    assert.match(
      plan.residualRisk.join(),
      /\/var\/lib\/etcd-recovery\/0b1c2d3e4f50 stays on master-1 until a person/,
    );
  });

  it('is nothing that is left while that run is open', () => {
    const verdict = judged((_, decision) => decision.open.push(left));
    assert.deepEqual([verdict.kind, 'reason' in verdict && verdict.reason], ['refuse', 'NothingLeft']);
  });

  it('stays paused while a master is not well, for what is resumed would act on it; what was lent goes back all the same', () => {
    const verdict = judged(ill);
    assert.ok(verdict.kind === 'refuse');
    assert.equal(verdict.reason, 'RecoveryNeededFirst', verdict.because);
    const plan = planned((observation, decision) => {
      lend(observation);
      ill(observation, decision);
    });
    assert.deepEqual(idsOf(plan), ['lease-etcd-unsafe-override', 'verify']);
    assert.match(plan.residualRisk.join(), /left paused stays so for now/);
  });

  it('is asked about by itself directly before it is resumed, and does not bar the proof of a node', () => {
    const [pauses, node] = [about('pauses'), about('node')];
    assert.equal('reason' in pauses && pauses.reason, 'RecoveryNeededFirst', pauses.because);
    assert.equal('reason' in node && node.reason, 'NothingLeft', node.because);
  });

  it('stays paused while a master cannot be looked at', () => {
    const verdict = judged((observation) => unreachableBySsh(observation, 'master-2'));
    assert.ok(verdict.kind === 'refuse');
    assert.equal(verdict.reason, 'EvidenceIncomplete', verdict.because);
  });

  it('is not called nothing when it could not be read, and then changes no other plan', () => {
    const verdict = judged(unread);
    assert.ok(verdict.kind === 'refuse');
    assert.equal(verdict.reason, 'EvidenceIncomplete', verdict.because);
    const digests = [unread, nothingPaused].map((change) =>
      digestOf(
        planned((observation, decision) => {
          litter(observation, decision);
          change(observation, decision);
        }),
      ),
    );
    assert.equal(digests[0], digests[1]);
  });
});
