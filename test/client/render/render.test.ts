import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { renderFaults, renderLabStatus, renderLabUp } from '../../../client/render/lab.ts';
import { renderHealth } from '../../../client/render/health.ts';
import { newsSince } from '../../../client/render/news.ts';
import { renderEnd } from '../../../client/render/run-end.ts';
import { renderRun, type RunView } from '../../../client/render/run.ts';
import { renderSchedule } from '../../../client/render/schedule.ts';
import { renderStatusTable, type StatusRow } from '../../../client/render/status.ts';
import { PAGE_WIDTH, plain, styleFor, table } from '../../../client/render/text.ts';
import type { RunState } from '../../../domain/run.ts';
import { run } from '../support/runs.ts';
import {
  acting,
  blocked,
  ended,
  healthCheck,
  incident,
  now,
  observing,
  startedAt,
  waiting,
} from '../support/states.ts';

const view: RunView = { now, wide: false, style: plain, page: 'http://ui.test/run' };
const wide: RunView = { ...view, wide: true };
const owed = { what: 'the graduation of master-1', keptBy: 'workflow follow-up/lab/master-1' };

describe('what people read', () => {
  const pages: Record<string, () => string> = {
    'a healthy cluster': () => renderHealth(healthCheck(), view),
    'a paused cluster': () => renderHealth({ ...healthCheck(), paused: on.brake }, view),
    'the incident': () => renderHealth(healthCheck([incident()]), view),
    'the incident, wide': () => renderHealth(healthCheck([incident()]), wide),
    'a finding without runbook': () =>
      renderHealth(
        healthCheck([
          {
            ...incident(),
            code: 'SignerDown',
            severity: 'warning',
            remedy: { page: 'docs/findings.md#signerdown' },
          },
        ]),
        view,
      ),
    'a recovery that has just begun': () => renderRun(observing(), view),
    'a recovery at its gate': () => renderRun(waiting(), view),
    'a recovery at its gate, when recover leaves it': () => renderEnd(waiting(), view),
    'a recovery at work': () => renderRun(acting(), view),
    'a recovery at work, wide': () => renderRun(acting(), wide),
    'a blocked recovery': () => renderRun(blocked(), view),
    'a recovery that ended on what was lent': () => renderRun(ended('owed', { owed }), view),
    'a paused recovery': () => renderRun({ ...acting(), paused: on.brake }, view),
    'a recovery whose plan was overtaken': () => renderRun(overtaken(), view),
    'a step that may be skipped': () => renderRun(skippable(), view),
    'a healed recovery': () =>
      renderEnd(ended('healed', { sentence: 'The kubelet speaks for its node again.' }), view),
    'a refused recovery': () => renderEnd(refusedState(), view),
    'a dry run': () => renderEnd(ended('dry-run'), view),
    'the status of all clusters': () => renderStatusTable(statusRows(), view),
    'the status of all clusters, wide': () => renderStatusTable(statusRows(), wide),
    'a schedule': () => renderSchedule(schedule(false), now, plain),
    'a paused schedule': () => renderSchedule(schedule(true), now, plain),
    'a lab that is up': () =>
      renderLabUp({
        cluster: 'lab',
        api: 'https://10.78.0.14:6443',
        masters: ['master-0', 'master-1', 'master-2'],
        inventory: '/home/ada/.cache/control-plane-recovery/lab/lab/clusters.yaml',
      }),
    'a lab with an etcd operator that is up': () =>
      renderLabUp({
        cluster: 'lab',
        api: 'https://10.78.0.14:6443',
        masters: ['master-0', 'master-1', 'master-2'],
        inventory: '/home/ada/.cache/control-plane-recovery/lab/lab/clusters.yaml',
        platform: 'main',
      }),
    'a lab that is half up': () =>
      renderLabStatus({
        state: 'half up',
        nodes: [{ name: 'master-0', address: '10.78.0.11', running: false }],
      }),
    'the faults': () => renderFaults(faults, false),
    'the faults, wide': () => renderFaults(faults, true),
    'what happened since the last look': () => newsSince(waiting(), acting(), view).join('\n'),
  };
  for (const [name, page] of Object.entries(pages)) {
    it(name, (t) => {
      t.assert.snapshot(page(), { serializers: [String] });
    });
  }

  it('is never wider than the page', () => {
    for (const [name, page] of Object.entries(pages)) {
      if (name.includes('wide')) continue;
      for (const line of page().split('\n')) assert.ok(line.length <= PAGE_WIDTH, `${name}: ${line}`);
    }
  });

  it('has no colour unless it is asked for', () => {
    assert.ok(!renderRun(blocked(), view).includes('\u001b'));
    assert.ok(renderRun(blocked(), { ...view, style: styleFor(true) }).includes('\u001b[31m'));
  });

  it('keeps a hostile log line inside its cell', () => {
    const hostile = 'x\u001b[2J\ny\u202e\u0007 '.repeat(40);
    const rows = table(['A', 'B'], [['1', hostile]]).split('\n');
    assert.equal(rows.length, 2);
    assert.ok(rows.every((line) => line.length <= PAGE_WIDTH));
    for (const evil of ['\u001b', '\u0007', '\u202e']) assert.ok(!rows.join('').includes(evil));
  });
});

const faults = [
  {
    name: 'kubelet-anonymous',
    sentence: 'The kubelet loses its client certificate, and its bootstrap credential is rejected.',
    symptom: 'The kubelet logs system:anonymous; its mirror pods are gone.',
    heal: 'Puts the saved certificate back and restarts the kubelet.',
  },
];

function overtaken(): RunState {
  const state = waiting();
  const proof = { principal: 'anna', key: 'SHA256:anna' };
  const vote = { gate: 'plan-2', nonce: 'n', decision: 'approve', by: 'anna', reason: 'seen' } as const;
  Object.assign(state.gate!, { id: 'plan-2', mode: 'signed', votes: [{ ...vote, at: startedAt, proof }] });
  const lines = ['  … 3 lines as before', '- bootstrap: old', '+ bootstrap: new'];
  const plans = { before: 'a', after: 'b', lines };
  state.drifts = [{ gate: 'plan-1', at: startedAt, why: 'the bootstrap file is another one', ...plans }];
  return state;
}

function skippable(): RunState {
  const state = blocked();
  Object.assign(state.blocked!, { choices: ['retry', 'skip'], skipMeans: 'the node keeps its old backup.' });
  return state;
}

const off = { state: 'off' } as const;
const on = {
  state: 'on',
  brake: { by: 'olga', reason: 'the switch is being replaced', since: '2026-11-22T03:01:00.000Z' },
} as const;

function statusRows(): StatusRow[] {
  return [
    { cluster: 'prod-eu-1', brake: off },
    { cluster: 'prod-eu-3', brake: on },
    row('prod-eu-2', waiting()),
    row('prod-us-1', blocked()),
    row('prod-us-2', acting()),
    row('lab', ended('healed', { sentence: 'The kubelet speaks for its node again.' })),
    { ...row('prod-us-3', waiting()), brake: on },
    { cluster: 'lab-2', brake: off, run: { ...run, cluster: 'lab-2' } },
  ];
}

function schedule(paused: boolean) {
  return {
    cluster: 'lab',
    scheduleId: 'health-check/lab',
    everyMs: 300_000,
    paused,
    note: paused ? 'upgrade until 14:00 (anna@bastion)' : '',
    recent: [{ at: '2026-11-22T03:00:00.000Z', workflowId: 'health-check/lab-2026-11-22T03:00:00Z' }],
    next: ['2026-11-22T03:10:00.000Z'],
  };
}

function refusedState(): RunState {
  return ended('refused', {
    reason: 'SignerDown',
    sentence: 'Nobody can sign a certificate: the controller-manager is down.',
    evidence: [{ fact: 'its lease was renewed 4 minutes ago', source: 'GET leases' }],
    handOver: 'Bring the controller-manager back first, see docs/refusals.md#signerdown.',
  });
}

function row(cluster: string, state: RunState): StatusRow {
  return { cluster, brake: off, run: { ...run, cluster }, state };
}
