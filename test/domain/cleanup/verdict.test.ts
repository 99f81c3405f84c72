import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '../../../activities/decide/index.ts';
import type { CleanupDecision } from '../../../domain/cleanup/verdict.ts';
import type { KubeletEvidence, Observation } from '../../../domain/control-plane.ts';
import type { CleanupPlan } from '../../../domain/plan.ts';
import { unknown } from '../../../domain/reading.ts';
import { cleanupRefusals, type Verdict } from '../../../domain/verdict.ts';
import { leaseReads } from '../../support/lent.ts';
import {
  apiUnreachable,
  healthyObservation,
  incidentOn,
  kubeletOf,
  leftRun,
  masterOf,
  observedAt,
  secondsAfter,
  server,
  unreachableBySsh,
} from '../../support/observations.ts';
import { cleanupPlanIn, cleanupRunId, judgeCleanup } from '../../support/cleanups.ts';

const backup = '/var/lib/kubelet-recovery/0b1c2d3e4f50';

/** A healthy master-1 on which a run was terminated after the requests were approved; and one change more. */
type Change = (observation: Observation, kubelet: KubeletEvidence, decision: CleanupDecision) => unknown;

function judged(change: Change = () => {}, observation = healthyObservation()): Verdict {
  const kubelet = kubeletOf(observation, 'master-1');
  kubelet.traces.runs = [leftRun({ holdsBootstrap: true, restarts: 1 })];
  kubelet.bootstrap.tokenExpiresAt = secondsAfter(observedAt, 1_800);
  return judgeCleanup(observation, (_, decision) => change(observation, kubelet, decision));
}

function planned(change?: Change): CleanupPlan {
  return cleanupPlanIn(judged(change));
}

const expired: Change = (_, kubelet) => (kubelet.bootstrap.tokenExpiresAt = secondsAfter(observedAt, -60));

const durable: Change = (_, kubelet) => {
  delete kubelet.bootstrap.tokenExpiresAt;
  kubelet.traces.runs = [leftRun()];
};

describe('the plan of a cleanup', () => {
  it('replaces the credential first, then calls the run over, then proves it; each can be skipped but the proof', () => {
    const { steps, target } = planned();
    assert.equal(target, 'master-1');
    assert.deepEqual(
      steps.map(({ id, risk, skipMeans }) => [id, risk, skipMeans !== undefined]),
      [
        ['bootstrap', 'reversible', true],
        ['conclude-0b1c2d3e4f50', 'reversible', true],
        ['verify', 'reversible', false],
      ],
    );
    assert.ok(steps.every(({ script }) => script !== undefined));
  });

  it('pins the credential to the run that put it there, and to the server and authority of the kubelet', () => {
    const { bootstrap } = planned().pins;
    assert.deepEqual(bootstrap, {
      runId: '0b1c2d3e4f50',
      aborted: false,
      server,
      caSha256: 'ca'.repeat(32),
    });
  });

  it('names the backup that stays', () => {
    assert.match(planned().residualRisk.join(), new RegExp(`The backup ${backup} stays`));
  });

  it('leaves the bootstrap file alone where it is durable', () => {
    const { steps, pins } = planned(durable);
    assert.deepEqual(
      steps.map(({ id }) => id),
      ['conclude-0b1c2d3e4f50', 'verify'],
    );
    assert.equal(pins.bootstrap, undefined);
  });

  it('finishes what an abort had begun instead of going on', () => {
    const [first] = planned((_, kubelet) => {
      kubelet.traces.runs = [leftRun({ holdsBootstrap: true, aborted: true })];
    }).steps;
    assert.equal(first?.script?.name, 'restore-kubelet.sh');
  });

  it('says that removing a half-written file cannot be undone', () => {
    const half = `/etc/kubernetes/kubeconfig.cpr-0b1c2d3e4f50`;
    const { steps } = planned((observation, kubelet, decision) => {
      durable(observation, kubelet, decision);
      kubelet.traces.runs = [leftRun({ hasDirectory: false, halfWritten: [half] })];
    });
    assert.deepEqual([steps[0]?.risk, steps[0]?.undo], ['irreversible', undefined]);
    assert.deepEqual(steps[0]?.changes, [{ what: half, from: 'half-written', to: 'removed' }]);
  });

  it('takes a temporary token out of a backup that is otherwise in order', () => {
    const { steps } = planned((observation, kubelet, decision) => {
      durable(observation, kubelet, decision);
      kubelet.traces.runs = [leftRun({ concluded: 'healed' })];
      kubelet.temporaryCredentials = [`${backup}/bootstrap-kubeconfig`];
    });
    assert.equal(steps[0]?.id, 'conclude-0b1c2d3e4f50');
  });

  it('is the same in two looks minutes apart', () => {
    assert.equal(digestOf(planned(expired)), digestOf(planned()));
  });
});

const clean: Change = (observation, kubelet, decision) => {
  durable(observation, kubelet, decision);
  kubelet.traces.runs = [leftRun({ concluded: 'healed' })];
};

const refused: [string, string, Change][] = [
  ['nothing is left', 'NothingLeft', clean],
  [
    'what is there is a person’s: no run has installed it',
    'NothingLeft',
    (_, kubelet) => (kubelet.traces.runs = []),
  ],
  ['nothing is left on the named node', 'NothingLeft', named('master-0')],
  ['the named node is not in the inventory', 'UnknownNode', named('worker-0')],
  [
    'the run is still open',
    'RunStillOpen',
    (observation, kubelet, decision) => {
      named('master-1')(observation, kubelet, decision);
      decision.open = [cleanupRunId, '0b1c2d3e4f50'];
    },
  ],
  [
    'two nodes have leftovers and none is named',
    'SeveralNodesWithLeftovers',
    (observation) => kubeletOf(observation, 'master-2').traces.runs.push(leftRun()),
  ],
  ['the kubelet is stopped', 'RecoveryNeededFirst', (_, kubelet) => (kubelet.unit.activeState = 'failed')],
  [
    'the certificate is gone from the disk',
    'RecoveryNeededFirst',
    (_, kubelet) => (kubelet.clientCertificate = { state: 'missing' }),
  ],
  [
    'the Node could not be read',
    'EvidenceIncomplete',
    (observation) => (masterOf(observation, 'master-1').node = unknown('Forbidden', '')),
  ],
  [
    'nothing was found, and one master could not be looked at',
    'EvidenceIncomplete',
    (observation, kubelet, decision) => {
      clean(observation, kubelet, decision);
      unreachableBySsh(observation, 'master-2');
    },
  ],
  [
    'the named node could not be looked at',
    'EvidenceIncomplete',
    (observation, kubelet, decision) => {
      named('master-1')(observation, kubelet, decision);
      unreachableBySsh(observation, 'master-1');
    },
  ],
  ['the API does not answer', 'ApiUnreachable', (observation) => apiUnreachable(observation)],
  [
    'the look is old',
    'EvidenceIncomplete',
    (_, __, decision) => (decision.now = secondsAfter(observedAt, 660)),
  ],
  [
    'the durable token is not there',
    'BootstrapSecretMissing',
    (observation) => (observation.bootstrapSecret = unknown('Forbidden', '', 'ApiForbidden')),
  ],
  [
    'the kubelets do not agree which server they use',
    'EndpointMismatch',
    (observation) => {
      const { kubeconfig } = kubeletOf(observation, 'master-2');
      if (kubeconfig.state === 'present') kubeconfig.server = 'https://old:6443';
    },
  ],
  ['the worker names no hashes', 'EvidenceIncomplete', (_, __, decision) => (decision.scripts = {})],
  [
    'only a lease is left, and somebody has changed it',
    'LeaseForeign',
    (observation, kubelet, decision) => {
      clean(observation, kubelet, decision);
      leaseReads(observation, { state: 'foreign', evidence: ['it is false'], noted: true });
    },
  ],
];

describe('a cleanup is refused', () => {
  for (const [when, reason, change] of refused) {
    it(`as ${reason} when ${when}`, () => {
      const verdict = judged(change);
      assert.ok(verdict.kind === 'refuse', verdict.kind);
      assert.equal(verdict.reason, reason, verdict.because);
    });
  }

  it('as RecoveryNeededFirst in the incident itself, and names the recovery', () => {
    const verdict = judged(() => {}, incidentOn('master-1'));
    assert.ok(verdict.kind === 'refuse');
    assert.equal(verdict.reason, 'RecoveryNeededFirst');
    assert.match(verdict.because, /needs KubeletAuthRecovery/);
  });
});

it('every refusal that only a cleanup knows is reached by a case above', () => {
  const reached = refused.map(([, reason]) => reason);
  assert.deepEqual(
    cleanupRefusals.filter((reason) => !reached.includes(reason)),
    [],
  );
});

it('a cleanup waits while a script of ours holds the lock of the node', () => {
  const verdict = judged((_, kubelet, decision) => {
    kubelet.traces.lockHeld = true;
    decision.open = [];
  });
  assert.deepEqual([verdict.kind, verdict.kind === 'wait' && verdict.reason], ['wait', 'NodeLocked']);
});

function named(node: string): Change {
  return (_, __, decision) => (decision.request = { ...decision.request, node });
}
