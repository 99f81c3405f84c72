import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderHealth } from '../../../client/render/health.ts';
import { renderSchedule } from '../../../client/render/schedule.ts';
import { plain } from '../../../client/render/text.ts';
import { healthCheck, incident, now } from '../support/states.ts';

const why = 'The same recovery was rejected at 2026-11-22T01:00:00.000Z.';
const view = { now, wide: false, style: plain };

test('a look says why no recovery is proposed for what it found', () => {
  const page = renderHealth({ ...healthCheck([incident()]), notProposed: why }, view);
  assert.match(page, /No recovery is proposed\n {3}The same recovery was rejected/);
});

test('a cleanup is started by its own command', () => {
  const remedy = { runbook: 'Cleanup', target: 'master-1' } as const;
  const page = renderHealth(healthCheck([{ ...incident(), remedy }]), view);
  assert.match(page, /Cleanup: cpr clean lab --node master-1/);
});

test('a cleanup that is about no node names none', () => {
  const { node: _, ...finding } = incident();
  const remedy = { runbook: 'Cleanup', target: 'lab' } as const;
  assert.match(renderHealth(healthCheck([{ ...finding, remedy }]), view), /Cleanup: cpr clean lab$/);
});

test('a schedule says what its newest look found, and why nothing came of it', () => {
  const schedule = {
    cluster: 'lab',
    scheduleId: 'health-check/lab',
    everyMs: 300_000,
    paused: false,
    note: '',
    said: { findings: ['KubeletClientCredentialLost on master-1'], notProposed: why },
    recent: [],
    next: [],
  };
  const page = renderSchedule(schedule, now, plain);
  assert.match(
    page,
    /found {2}KubeletClientCredentialLost on master-1\n {7}no recovery is proposed: The same/,
  );
});
