import assert from 'node:assert/strict';
import { test } from 'node:test';
import { known } from '../../../domain/reading.ts';
import { createDecideActivities, digestOf } from '../../../activities/decide/index.ts';
import { decisionOn } from '../../support/decisions.ts';
import { incidentOn } from '../../support/observations.ts';

const decisions = createDecideActivities();

test('the digest is SHA-256 of canonical JSON, so that anybody can check it', () => {
  // printf '{"a":[1,true,null],"b":"é"}' | sha256sum
  const expected = '6eab153701ef60c995351765c772011bca6739878254f313acc3f11e1fef476b';
  assert.equal(digestOf({ b: 'é', a: [1, true, null] }), expected);
});

test('the order in which fields were written does not matter, that of steps does', () => {
  assert.equal(digestOf({ a: 1, b: { c: 2, d: 3 } }), digestOf({ b: { d: 3, c: 2 }, a: 1 }));
  assert.notEqual(digestOf(['backup', 'restart']), digestOf(['restart', 'backup']));
});

test('a verdict and its findings survive the journey through a history', async () => {
  const observation = incidentOn('master-1');
  const verdict = await decisions.decideKubeletAuthRecovery(decisionOn(observation));
  assert.ok(verdict.kind === 'proceed', verdict.because);
  const travelled = JSON.parse(JSON.stringify(verdict)) as typeof verdict;
  assert.deepEqual(travelled, verdict);
  assert.equal(digestOf(travelled.plan), verdict.digest);
  const findings = await decisions.diagnoseObservation({
    observation,
    open: known({ runs: [], leaseWatched: false }, 'Temporal'),
  });
  assert.deepEqual(JSON.parse(JSON.stringify(findings)), findings);
});
