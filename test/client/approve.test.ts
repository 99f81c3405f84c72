import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Gateway } from '../../client/gateway.ts';
import type { Vote } from '../../domain/approval.ts';
import type { RunState } from '../../domain/run.ts';
import { cpr } from './support/console.ts';
import { runThrough } from './support/runs.ts';
import { digest, gate, waiting } from './support/states.ts';

describe('cpr approve', () => {
  it('shows the plan, and sends a vote once the name of the cluster was typed', async () => {
    const { gateway, votes } = gateOf(waiting());
    const { code, out, err } = await cpr("approve lab --reason 'checked with anna'", gateway, {
      answers: ['lab'],
    });
    assert.equal(code, 0);
    assert.match(err, /approve-csr \[irreversible\]/);
    assert.match(err, new RegExp(`Digest ${digest}`));
    assert.match(err, /Type the cluster's name/);
    assert.match(out, /Approved: 1 of 1/);
    assert.deepEqual(votes, [
      {
        gate: 'plan-1',
        nonce: gate().nonce,
        decision: 'approve',
        by: 'anna@bastion',
        reason: 'checked with anna',
        kind: 'vote',
        cluster: 'lab',
        workflow: 'recovery/lab',
        firstRun: gate().subject.firstRun,
        plan: digest,
        issued: '2026-11-22T03:05:00.000Z',
        expires: '2026-11-22T03:15:00.000Z',
      },
    ]);
  });

  for (const answer of ['', 'y', 'yes', 'prod-eu-1', 'LAB']) {
    it(`sends nothing when '${answer}' was typed instead of the name`, async () => {
      const { gateway, votes } = gateOf(waiting());
      const { code, err } = await cpr('approve lab', gateway, { answers: [answer] });
      assert.equal(code, 2);
      assert.match(err, /Not confirmed; nothing was sent/);
      assert.deepEqual(votes, []);
    });
  }

  it('asks only for a yes when every step can be undone', async () => {
    for (const [answer, code] of [
      ['y', 0],
      ['n', 2],
      ['', 2],
    ] as const) {
      const { gateway, votes } = gateOf(reversible());
      const ran = await cpr('approve lab', gateway, { answers: [answer] });
      assert.equal(ran.code, code);
      assert.equal(votes.length, code === 0 ? 1 : 0);
    }
  });

  it('never asks without a terminal: it says how a script approves exactly this plan', async () => {
    const { gateway, votes } = gateOf(waiting());
    const { code, err } = await cpr('approve lab', gateway);
    assert.equal(code, 2);
    assert.match(err, /cpr approve lab --digest 3f9a0b12c4d5/);
    assert.deepEqual(votes, []);
  });

  it('approves the plan whose digest is named, without asking', async () => {
    const { gateway, votes } = gateOf(waiting());
    const { code } = await cpr('approve lab --digest 3F9A0B12C4D5', gateway);
    assert.equal(code, 0);
    assert.equal(votes.length, 1);
  });

  it('does not approve another plan than the one that is named', async () => {
    const { gateway, votes } = gateOf(waiting());
    const { code, err } = await cpr('approve lab --digest 3f9a0b12c4d6', gateway);
    assert.equal(code, 5);
    assert.match(err, /The plan at the gate is another one/);
    assert.deepEqual(votes, []);
  });

  for (const quoted of ['3f9a', '3f9a0b12c4d', 'latest-plan-x', '3f9a0b12c4d5g']) {
    it(`takes '${quoted}' for no digest`, async () => {
      const { gateway, votes } = gateOf(waiting());
      const { code } = await cpr(`approve lab --digest ${quoted}`, gateway);
      assert.equal(code, 2);
      assert.deepEqual(votes, []);
    });
  }

  it('prints vote and answer as JSON', async () => {
    const { gateway } = gateOf(waiting());
    const { out } = await cpr('approve lab --digest 3f9a0b12c4d5 -o json', gateway);
    const printed = JSON.parse(out) as { vote: Vote; answer: { have: number } };
    assert.equal(printed.vote.decision, 'approve');
    assert.equal(printed.answer.have, 1);
  });
});

describe('cpr reject', () => {
  it('sends the rejection with its reason', async () => {
    const { gateway, votes } = gateOf(waiting());
    const { code } = await cpr("reject lab --reason 'node is being replaced' --by eva", gateway);
    assert.equal(code, 0);
    assert.equal(votes[0]?.decision, 'reject');
    assert.equal(votes[0]?.by, 'eva');
    assert.equal(votes[0]?.reason, 'node is being replaced');
  });
});

function gateOf(state: RunState): { gateway: Partial<Gateway>; votes: Vote[] } {
  const votes: Vote[] = [];
  const vote: Gateway['vote'] = async (_run, cast) => {
    votes.push(cast);
    return { have: 1, need: 1, sentence: 'Approved: 1 of 1.' };
  };
  return { gateway: { ...runThrough(state), vote }, votes };
}

function reversible(): RunState {
  const state = waiting();
  const { plan } = state;
  if (!plan) throw new Error('the fixture has a plan');
  return { ...state, plan: { ...plan, steps: plan.steps.filter((step) => step.risk === 'reversible') } };
}
