import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { driftLines, whatChanged } from '../../domain/drift.ts';
import { renderPlan } from '../../domain/plan-text.ts';
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
  ['a step less', (plan) => plan.steps.pop(), /step follow-up is gone/],
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

describe('two plans line by line', () => {
  const before = { plan: approvedPlan(), digest: 'a'.repeat(64) };
  const drifted = () => {
    const after = { plan: approvedPlan(), digest: 'b'.repeat(64) };
    after.plan.because = 'For another reason.';
    return after;
  };

  it('show the old line with a minus and the new one with a plus', () => {
    const lines = driftLines(before, drifted());
    assert.ok(lines.includes('+ Because: For another reason.'), lines.join('\n'));
    assert.ok(lines.some((line) => line.startsWith('- Because: ')));
    assert.deepEqual(lines.slice(-2), [`- Digest ${before.digest}`, `+ Digest ${'b'.repeat(64)}`]);
  });

  it('leave out what did not change, and say how much it was', () => {
    const lines = driftLines(before, drifted());
    assert.ok(lines.length < 15, lines.join('\n'));
    assert.ok(lines.some((line) => /^ {2}… \d+ lines as before$/.test(line)));
    assert.ok(!lines.some((line) => line.includes('Back up')));
  });

  it('give back both plans when what is left out is put in again: nothing is invented', () => {
    const after = drifted();
    after.plan.steps.splice(1, 1);
    const lines = driftLines(before, after);
    const young = new Set(renderPlan(after.plan, after.digest).split('\n'));
    const old = new Set(renderPlan(before.plan, before.digest).split('\n'));
    for (const line of lines.filter((each) => !each.startsWith('  …'))) {
      const text = line.slice(2);
      if (!line.startsWith('+')) assert.ok(old.has(text), line);
      if (!line.startsWith('-')) assert.ok(young.has(text), line);
    }
    assert.ok(lines.some((line) => line.startsWith('- ') && line.includes('bootstrap [')));
  });

  it('of the same plan are none but that', () => {
    assert.match(driftLines(before, before).join('\n'), /^ {2}… \d+ lines as before$/);
  });

  it('stay few, however much changed', () => {
    const after = drifted();
    after.plan.steps.forEach((each) => (each.sentence = `Otherwise ${each.id} `.repeat(90)));
    assert.ok(driftLines(before, after).length <= 81);
  });
});
