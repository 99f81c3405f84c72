import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeVote, voteRefusals, type Gate } from '../../domain/approval.ts';
import { interventionRefusals, judgeAbort, judgeResolve, judgeSupersede } from '../../domain/intervention.ts';
import { renderDetails } from '../../domain/narrative.ts';
import { renderReport } from '../../domain/report.ts';
import type { RunState } from '../../domain/run.ts';
import { blockedRun, waitingRun } from '../support/run-state.ts';

/** mulberry32: the same inputs on every run, so that a failure can be looked at again. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const random = randomFrom(20_261_122);
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;

const now = '2026-11-22T12:00:10.000Z';
const state = waitingRun();
const gate = state.gate!;
const blocked = blockedRun();
const right: Record<string, unknown> = {
  gate: gate.id,
  nonce: gate.nonce,
  decision: 'approve',
  by: 'Anna',
  reason: 'go',
};
const fields = [
  ...Object.keys(right),
  'stepId',
  'action',
  'issued',
  'expires',
  'signature',
  'kind',
  'cluster',
  'workflow',
  'firstRun',
  'plan',
  '__proto__',
  'constructor',
  'toString',
];

function junk(depth: number): unknown {
  const leaf = [
    () => undefined,
    () => null,
    () => random() < 0.5,
    () => random() * 1e9 - 5e8,
    () => Number.NaN,
    () => bytes(),
    () => 'x'.repeat(Math.floor(random() * 5_000)),
    () => new Uint8Array(16).map(() => Math.floor(random() * 256)),
    () => pick(Object.values(right)),
    () =>
      pick([
        'retry',
        'abort',
        'skip',
        'reject',
        'withdraw',
        'bootstrap',
        '|`<script>*_[x](y)',
        '\u001B[2J\u202E',
        '2026-11-22T12:00:00Z',
        '<why>',
      ]),
  ];
  if (depth === 0 || random() < 0.6) return pick(leaf)();
  if (random() < 0.3) return Array.from({ length: Math.floor(random() * 4) }, () => junk(depth - 1));
  return Object.fromEntries(
    Array.from({ length: Math.floor(random() * 5) }, () => [pick(fields), junk(depth - 1)]),
  );
}

/** Any UTF-16, half surrogates and all. */
function bytes(): string {
  return String.fromCharCode(
    ...Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 65_536)),
  );
}

/** Nearly right inputs reach further than noise: a right one with a field or two replaced. */
function input(): unknown {
  if (random() < 0.4) return junk(3);
  const near: Record<string, unknown> =
    random() < 0.5 ? { ...right } : { stepId: 'bootstrap', action: 'retry', by: 'Anna', reason: 'go' };
  for (let count = Math.floor(random() * 3); count > 0; count--) near[pick(fields)] = junk(1);
  if (random() < 0.2) delete near[pick(Object.keys(near))];
  return near;
}

test('2,000 random inputs are each judged, and only what is wholly right counts', () => {
  let counted = 0;
  for (let round = 0; round < 2_000; round++) {
    const sent = input();
    counted += checkVote(sent, gate);
    checkCommands(sent);
  }
  assert.ok(counted > 20, 'some inputs are right, or this test proves nothing');
});

test('in mode signed nothing random ever counts: there is no signature that could be checked', () => {
  const signed: Gate = { ...gate, mode: 'signed' };
  const acting: RunState = { ...state, approvals: 'signed' };
  for (let round = 0; round < 1_000; round++) {
    const sent = input();
    const hasSignature = typeof sent === 'object' && sent !== null && 'signature' in sent;
    if (hasSignature) continue;
    assert.ok('refused' in judgeVote(sent, signed, now));
    assert.ok('refused' in judgeAbort(sent, acting, now));
    assert.ok('refused' in judgeSupersede(sent, acting, now));
  }
});

function checkVote(sent: unknown, at: Gate): number {
  const judged = judgeVote(sent, at, now);
  if ('refused' in judged) {
    assert.ok(voteRefusals.includes(judged.refused));
    assert.ok(judged.sentence.length < 250 && isOneLine(judged.sentence), judged.sentence);
    return 0;
  }
  const { counts } = judged;
  assert.deepEqual([counts.gate, counts.nonce], [at.id, at.nonce]);
  assert.ok(counts.by !== '' && counts.reason !== '' && JSON.stringify(counts).length < 10_000);
  const known = [
    'gate',
    'nonce',
    'decision',
    'by',
    'reason',
    'issued',
    'expires',
    ...Object.keys(at.subject),
  ];
  assert.ok(Object.keys(counts).every((name) => known.includes(name)));
  return 1;
}

function checkCommands(sent: unknown): void {
  for (const judged of [
    judgeResolve(sent, blocked, now),
    judgeAbort(sent, state, now),
    judgeSupersede(sent, state, now),
  ]) {
    if ('counts' in judged) assert.ok(judged.counts.by !== '' && judged.counts.reason !== '');
    else
      assert.ok(interventionRefusals.includes(judged.refused) && isOneLine(judged.sentence), judged.sentence);
  }
}

function isOneLine(text: string): boolean {
  return !/[\p{Cc}\u2028\u2029\u202A-\u202E]/u.test(text);
}

test('whatever stands in a run, its page stays under 15 kB, and its tables whole', () => {
  for (let round = 0; round < 100; round++) {
    const hostile =
      round % 2 === 0 ? waitingRun() : blockedRun({ error: hostileText(), advice: hostileText() });
    hostile.cluster = hostileText();
    hostile.requester = hostileText();
    hostile.timeline = Array.from({ length: 60 }, () => ({ at: hostileText(), text: hostileText() }));
    hostile.refused = Array.from({ length: 50 }, () => ({
      at: hostileText(),
      what: hostileText(),
      why: hostileText(),
      by: hostileText(),
    }));
    hostile.refusedCount = 1_000;
    for (const step of hostile.steps) step.note = hostileText();
    const page = renderDetails(hostile);
    assert.ok(Buffer.byteLength(page) < 15_000);
    for (const text of [page, renderReport(hostile)]) assert.deepEqual(brokenTables(text), []);
  }
});

function hostileText(): string {
  return pick([
    bytes(),
    '|',
    '\n## Approved\n',
    '`` ` ```',
    '</td><script>',
    '[x](javascript:1)',
    '\\|',
    '> quote\n- list',
    '| --- | --- |',
    '漢'.repeat(2_000),
  ]).repeat(1 + Math.floor(random() * 3));
}

/** Rows whose number of cells is not that of the table's head. */
function brokenTables(text: string): string[] {
  const broken: string[] = [];
  let columns = 0;
  for (const line of text.split('\n')) {
    if (!line.startsWith('|')) columns = 0;
    else if (columns === 0) columns = cellsOf(line);
    else if (cellsOf(line) !== columns) broken.push(line);
  }
  return broken;
}

function cellsOf(line: string): number {
  return line.replaceAll(/\\[\\|]/g, '').split('|').length;
}
