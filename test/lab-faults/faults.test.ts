import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultNamed, faults } from '../../lab/faults/index.ts';

test('every fault says in a sentence what it breaks, what is seen and how it is healed', () => {
  for (const { sentence, symptom, heal } of faults) {
    for (const text of [sentence, symptom, heal]) assert.match(text, /^\w.{10,}\.$/s);
  }
});

test('every fault has a name of its own', () => {
  assert.equal(new Set(faults.map(({ name }) => name)).size, faults.length);
});

test('an unknown fault is answered with those there are', () => {
  assert.throws(() => faultNamed('gremlin'), /no fault gremlin.*kubelet-anonymous/);
});
