import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { whatChanged } from '../../domain/drift.ts';
import { planOf, type KubeletPlan } from '../../domain/plan.ts';
import { decide } from '../support/decisions.ts';
import { incidentOn } from '../support/observations.ts';

function approvedPlan(): KubeletPlan {
  const verdict = decide(incidentOn('master-1'));
  assert.ok(verdict.kind === 'proceed');
  return structuredClone(planOf('KubeletAuthRecovery', verdict.plan));
}

/** What drifts, and the words that must stand in what a person is told. */
const drifts: [string, (plan: KubeletPlan) => void, RegExp][] = [
  [
    'the bootstrap file',
    (plan) => {
      plan.pins.bootstrapSha256 = 'ef'.repeat(32);
      change(plan, 'bootstrap').from = 'SHA-256 efef';
    },
    /step bootstrap finds \/etc\/kubernetes\/kubeconfig as SHA-256 efef; the bootstrap file is another one/,
  ],
  [
    'a script',
    (plan) => {
      step(plan, 'restart').script = { name: 'restart-kubelet.sh', sha256: '9'.repeat(64) };
    },
    /step restart runs another version of its script/,
  ],
  ['the node', (plan) => (plan.target = 'master-2'), /the node is master-2, it was master-1/],
  [
    "the API's address",
    (plan) => (plan.pins.server = 'https://other:6443'),
    /address is https:\/\/other:6443/,
  ],
  ['the certificate authority', (plan) => (plan.pins.caSha256 = '0'.repeat(64)), /authority is another one/],
  ['a step more', (plan) => plan.steps.push({ ...step(plan, 'verify'), id: 'wait' }), /step wait is new/],
  ['a step less', (plan) => plan.steps.pop(), /step verify-graduated is gone/],
  ['a sentence', (plan) => (plan.because = 'For another reason.'), /wording of the plan changed/],
];

describe('what changed between two plans', () => {
  for (const [what, drift, expected] of drifts) {
    it(`is said in words: ${what}`, () => {
      const after = approvedPlan();
      drift(after);
      assert.match(whatChanged(approvedPlan(), after).join('; '), expected);
    });
  }
});

function step(plan: KubeletPlan, id: string): KubeletPlan['steps'][number] {
  const found = plan.steps.find((each) => each.id === id);
  assert.ok(found, `the plan has a step ${id}`);
  return found;
}

function change(plan: KubeletPlan, id: string): KubeletPlan['steps'][number]['changes'][number] {
  const [first] = step(plan, id).changes;
  assert.ok(first);
  return first;
}
