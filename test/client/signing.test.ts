import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Gateway } from '../../client/gateway.ts';
import { verifySignature } from '../../activities/approve/verify.ts';
import type { Vote } from '../../domain/approval.ts';
import { pasteable } from '../../domain/input.ts';
import type { AbortRequest, ResolveStep, RunState } from '../../domain/run.ts';
import { statementOf, type Statement } from '../../domain/statement.ts';
import { keyRing, startAgent } from '../support/signing-keys.ts';
import { cpr, type ConsoleOptions, type Ran } from './support/console.ts';
import { runThrough } from './support/runs.ts';
import { blocked, gate, waiting } from './support/states.ts';

const keys = keyRing();
const anna = 'anna@example.com';
const digest12 = '3f9a0b12c4d5';

before(() => {
  keys.make('anna');
  keys.make('bob');
  keys.write('allowed', `${anna} ${keys.publicKey('anna')}\nb1,b2 ${keys.publicKey('bob')}\n`);
});

after(() => keys.remove());

const allowedSigners = new Map([['lab', keys.path('allowed')]]);

type Sent = Vote | AbortRequest | ResolveStep;

/** A run where approvals are signed, and what is sent to it. */
function runOf(state: RunState): { gateway: Partial<Gateway>; sent: Sent[] } {
  const sent: Sent[] = [];
  const take = async (_run: unknown, said: Sent) => {
    sent.push(said);
    return 'Heard.';
  };
  const vote: Gateway['vote'] = async (_run, cast) => {
    sent.push(cast);
    return { have: 1, need: 1, sentence: 'Approved: 1 of 1.' };
  };
  return { gateway: { ...runThrough(signed(state)), vote, abort: take, resolve: take }, sent };
}

function signed(state: RunState): RunState {
  const open: RunState = { ...state, approvals: 'signed' };
  return state.gate ? { ...open, gate: { ...state.gate, mode: 'signed' } } : open;
}

function type(line: string, state: RunState, options: ConsoleOptions = {}) {
  const { gateway, sent } = runOf(state);
  const env = { CPR_USER: '', CPR_SIGNING_KEY: keys.path('anna'), SSH_AUTH_SOCK: '', ...options.env };
  return cpr(line, gateway, { allowedSigners, ...options, env }).then((ran) => ({ ...ran, sent }));
}

/** The worker's own judgement of what the command line has sent or printed. */
function verdictOn(said: object) {
  const { signature = '', ...statement } = { ...said } as Record<string, string>;
  const approvers = { allowedSigners: keys.path('allowed') };
  return verifySignature(approvers, { cluster: 'lab', statement, signature }, new AbortController().signal);
}

async function assertProves(said: object | undefined, name = anna): Promise<void> {
  assert.ok(said, 'something was sent');
  const verdict = await verdictOn(said);
  assert.ok(verdict.valid, JSON.stringify(verdict));
  assert.equal(verdict.proof.principal, name);
}

describe('where approvals are signed', () => {
  it('cpr approve shows every field, signs after the name was typed, and sends what the worker accepts', async () => {
    const { code, err, sent } = await type("approve lab --reason 'read it'", waiting(), { answers: ['lab'] });
    assert.equal(code, 0, err);
    const [vote] = sent;
    await assertProves(vote);
    for (const value of Object.values({ ...vote, signature: anna })) assert.ok(err.includes(value), value);
  });

  it('signs nothing before the plan was confirmed', async () => {
    const { code, err, sent } = await type('approve lab', waiting(), { answers: ['prod-eu-1'] });
    assert.equal(code, 2);
    assert.doesNotMatch(err, /You sign/);
    assert.deepEqual(sent, []);
  });

  it('a script approves the plan whose digest it names', async () => {
    const { sent } = await type(`approve lab --digest ${digest12}`, waiting());
    await assertProves(sent[0]);
  });

  it('signs with a key that only ssh-agent holds', async () => {
    const agent = startAgent(keys.path('agent'));
    try {
      keys.addTo(agent.env, 'anna');
      const env = { ...agent.env, CPR_USER: '', CPR_SIGNING_KEY: '' };
      const { sent, err } = await type(`approve lab --digest ${digest12}`, waiting(), { env });
      assert.equal(sent.length, 1, err);
      await assertProves(sent[0]);
      keys.addTo(agent.env, 'bob');
      const two = await type(`approve lab --by ${anna} --digest ${digest12}`, waiting(), { env });
      assert.equal(two.code, 2);
      assert.match(two.err, /ssh-agent holds 2 keys: anna, bob/);
    } finally {
      agent.stop();
    }
  });

  for (const [line, state, decided] of [
    ["reject lab --reason 'not now'", waiting, { decision: 'reject' }],
    ["withdraw lab --reason 'it is back'", waiting, { decision: 'withdraw' }],
    ["abort lab --reason 'wrong cluster'", waiting, { kind: 'abort' }],
    ["resolve lab skip --reason 'did it by hand'", blocked, { action: 'skip', stepId: 'restart' }],
    ["resolve lab abort --reason 'is being replaced'", blocked, { action: 'abort', stepId: 'restart' }],
  ] as const) {
    it(`\`cpr ${line}\` is signed`, async () => {
      const { sent, code, err } = await type(line, state());
      assert.equal(code, 0, err);
      await assertProves(sent[0]);
      assert.partialDeepStrictEqual(sent[0], decided);
    });
  }

  it('to try a step again needs no signature', async () => {
    const { sent, code } = await type("resolve lab retry --reason 'disk is free'", blocked());
    assert.equal(code, 0);
    assert.deepEqual((sent[0] as ResolveStep).signature, undefined);
  });

  it('the name is the one that the file gives to the key; two names are no answer', async () => {
    const env = { CPR_USER: '', CPR_SIGNING_KEY: keys.path('bob') };
    const { code, err } = await type(`approve lab --digest ${digest12}`, waiting(), { env });
    assert.equal(code, 2);
    assert.match(err, /gives this key to b1 and b2/);
    const named = await type(`approve lab --by b2 --digest ${digest12}`, waiting(), { env });
    await assertProves(named.sent[0], 'b2');
  });

  it('counts for ten minutes, or as long as was asked for', async () => {
    const { sent } = await type(`approve lab --digest ${digest12} --expires 2h`, waiting());
    assert.equal(sent[0]?.expires, '2026-11-22T05:05:00.000Z');
  });
});

describe('what goes wrong before anything is signed is said with what to do', () => {
  it('no key', async () => {
    const { code, err } = await type(`approve lab --by x --digest ${digest12}`, waiting(), {
      env: { CPR_SIGNING_KEY: '' },
    });
    assert.equal(code, 2);
    assert.match(err, /ssh-agent holds none[^]*--key/);
  });

  it('a key that is not there', async () => {
    const { code, err } = await type(`approve lab --by x --key /nowhere/key --digest ${digest12}`, waiting());
    assert.equal(code, 2);
    assert.match(err, /\/nowhere\/key does not exist/);
  });

  it('a key with a passphrase and nobody to type it', async () => {
    keys.keygen('-q', '-t', 'ed25519', '-N', 'secret words', '-f', keys.path('locked'));
    const line = `approve lab --by x --key ${keys.path('locked')} --digest ${digest12}`;
    const { code, err, sent } = await type(line, waiting());
    assert.equal(code, 1);
    assert.match(err, /no signature[^]*ssh-add/);
    assert.deepEqual(sent, []);
  });

  it('--key where nothing is signed', async () => {
    const { code, err } = await cpr(`approve lab --key k --digest ${digest12}`, runThrough(waiting()));
    assert.equal(code, 2);
    assert.match(err, /Approvals of lab are open: nothing is signed/);
  });
});

const blanks = { by: '<your name>', reason: '<why>', issued: '<now>', expires: '<until>' };
/** What the run's page shows, with blanks for what only the person knows. */
function copied(more: Statement = {}): Statement {
  const statement = statementOf(gate().subject, { gate: 'plan-1', decision: 'approve' }, blanks);
  return { ...statement, signature: '<…>', ...more };
}

function fromPage(
  statement: object,
  options: ConsoleOptions = {},
  line = 'approve lab --reason ok --print',
): Promise<Ran> {
  const file = keys.write('copied.json', pasteable({ ...statement }));
  const env = { CPR_USER: '', CPR_SIGNING_KEY: keys.path('anna'), SSH_AUTH_SOCK: '' };
  return cpr(`${line} --from ${file}`, {}, { allowedSigners, env, ...options });
}

describe('cpr approve --print', () => {
  it('sends nothing and prints exactly the JSON to paste', async () => {
    const { code, out, sent } = await type(`approve lab --digest ${digest12} --print`, waiting());
    assert.equal(code, 0);
    assert.deepEqual(sent, []);
    await assertProves(JSON.parse(out) as object);
  });

  it('--from signs what was copied from the Web UI, without Temporal', async () => {
    const { code, out, err } = await fromPage(copied(), { answers: ['lab'] });
    assert.equal(code, 0, err);
    await assertProves(JSON.parse(out) as object);
    assert.match(err, /plan +3f9a0b12c4d5/);
  });

  it('--from signs a rejection too', async () => {
    const { out } = await fromPage(copied(), {}, 'reject lab --reason no --print');
    const vote = JSON.parse(out) as Vote;
    assert.equal(vote.decision, 'reject');
    await assertProves(vote);
  });

  it('--from signs nothing when the name of another cluster was typed', async () => {
    const { code, out } = await fromPage(copied(), { answers: ['prod-eu-1'] });
    assert.equal(code, 2);
    assert.equal(out, '');
  });

  const { plan: _, ...planless } = copied();
  for (const [what, statement, says] of [
    [
      'is for another cluster',
      copied({ cluster: 'prod-eu-1' }),
      /is for the cluster "prod-eu-1", not for lab/,
    ],
    ['is for another workflow', copied({ workflow: 'recovery/prod-eu-1' }), /no recovery of lab/],
    ['is of another kind', copied({ kind: 'abort' }), /is a "abort", not a vote/],
    ['has a field that is not known', copied({ alsoDo: 'wipe' }), /has a field "alsoDo"/],
    ['has no plan', planless, /has no plan/],
    ['names no digest', copied({ plan: 'the good one' }), /names no plan by its digest/],
    ['hides characters', copied({ gate: 'plan-\u202e1' }), /invisible characters in gate/],
    ['needs no signature', { gate: 'plan-1', nonce: 'n', decision: 'approve' }, /"kind" is missing/],
  ] as const) {
    it(`--from refuses what ${what}`, async () => {
      const { code, out, err } = await fromPage(statement, { answers: ['lab'] });
      assert.equal(code, 2);
      assert.equal(out, '');
      assert.match(err, says);
      assert.match(err, /Nothing was signed/);
    });
  }

  it('--from without a terminal needs the digest of the plan', async () => {
    const without = await fromPage(copied());
    assert.equal(without.code, 2);
    assert.match(without.err, /--digest 3f9a0b12c4d5/);
    const other = await fromPage(copied(), {}, `approve lab --reason ok --print --digest ${'a'.repeat(12)}`);
    assert.equal(other.code, 5);
    const { out } = await fromPage(copied(), {}, `approve lab --reason ok --print --digest ${digest12}`);
    await assertProves(JSON.parse(out) as object);
  });
});
