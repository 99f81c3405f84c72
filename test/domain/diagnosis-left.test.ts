import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnose } from '../../domain/diagnosis/diagnose.ts';
import { known, unknown } from '../../domain/reading.ts';
import { keptOfEtcd, leavePaused } from '../support/lent.ts';
import { healthyObservation, kubeletOf } from '../support/observations.ts';

const nothingOpen = known({ runs: [], leaseWatched: false }, 'Temporal');

test('what a run has paused is left only when that run is over', () => {
  const observation = healthyObservation();
  leavePaused(observation, '0123456789ab');
  const [finding] = diagnose(observation, nothingOpen);
  assert.deepEqual([finding?.severity, finding?.remedy], ['warning', { runbook: 'Cleanup', target: 'lab' }]);
  assert.match(
    finding?.evidence[0]?.fact ?? '',
    /openshift-machine-api\/masters: paused by run 0123456789ab/,
  );
  const open = known({ runs: ['0123456789ab'], leaseWatched: false }, 'Temporal');
  assert.deepEqual(diagnose(observation, open), []);
  const [told] = diagnose(observation, unknown('deadline exceeded', 'Temporal'));
  assert.deepEqual([told?.severity, 'page' in told!.remedy], ['info', true]);
});

test('what a recovery of etcd keeps is told with path, size, age and the command that removes it', () => {
  const observation = healthyObservation();
  const path = '/var/lib/etcd/quarantine-0b1c2d3e4f50';
  const { traces } = kubeletOf(observation, 'master-1');
  traces.etcd = [keptOfEtcd(), keptOfEtcd({ kind: 'quarantine', path })];
  const [finding] = diagnose(observation, nothingOpen);
  assert.deepEqual([finding?.severity, finding?.remedy], ['info', { page: 'docs/findings.md#etcddatakept' }]);
  const facts = finding?.evidence.map(({ fact }) => fact) ?? [];
  assert.match(
    facts[0] ?? '',
    /a snapshot of etcd, of run 0b1c2d3e4f50, 104\.9 MiB, 3 days old; .*sudo rm -rf -- \/var\/lib\/etcd-recovery\/0b1c2d3e4f50$/,
  );
  assert.match(facts[1] ?? '', /^\/var\/lib\/etcd\/quarantine-0b1c2d3e4f50: data of a member that was bad/);

  traces.etcd = [keptOfEtcd({ kind: 'quarantine', path, manifestOut: true })];
  const [out] = diagnose(observation, nothingOpen);
  assert.equal(out?.severity, 'warning');
  assert.doesNotMatch(out?.evidence[0]?.fact ?? '', /rm -rf/, 'the only copy of the manifest lies in it');
  const open = known({ runs: ['0b1c2d3e4f50'], leaseWatched: false }, 'Temporal');
  assert.deepEqual(diagnose(observation, open), []);
});
