import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure, failureCodes, failureFrom } from '../../client/failure.ts';
import type { FailureCode } from '../../client/failure.ts';
import type { Gateway } from '../../client/gateway.ts';
import type { OutcomeStatus } from '../../domain/run.ts';
import { cpr } from './support/console.ts';
import { runThrough } from './support/runs.ts';
import {
  acting,
  blocked,
  digest,
  ended,
  healthCheck,
  incident,
  observing,
  waiting,
} from './support/states.ts';

describe('exit codes', () => {
  const table: [claim: string, line: string, gateway: Partial<Gateway>, code: number][] = [
    ['a healthy cluster is 0', 'diagnose lab', { diagnose: async () => healthCheck() }, 0],
    ['a finding is 3', 'diagnose lab', { diagnose: async () => healthCheck([incident()]) }, 3],
    ['a recovery that waits at its gate is 6', 'recover lab', runThrough(observing(), waiting()), 6],
    ['a recovery that is refused is 5', 'recover lab', runThrough(observing(), ended('refused')), 5],
    [
      'a dry run that made its plan is 0',
      'recover lab --dry-run',
      runThrough(observing(), ended('dry-run')),
      0,
    ],
    ['a recovery that waits is 6 in status', 'status lab', runThrough(waiting()), 6],
    ['a blocked step is 6 in status', 'status lab', runThrough(blocked()), 6],
    ['a refusal of long ago is 0 in status', 'status lab', runThrough(ended('refused')), 0],
    ['a recovery at work is 0 in status', 'status lab', runThrough(acting()), 0],
    ['an approval that counts is 0', `approve lab --digest ${digest.slice(0, 12)}`, voting(), 0],
    ['an approval of another plan is 5', 'approve lab --digest 000000000000', voting(), 5],
    ['an approval without a terminal and a digest is 2', 'approve lab', voting(), 2],
    ['an unknown command is 2', 'recoverr lab', {}, 2],
    ['an unknown option is 2', 'recover lab --force', {}, 2],
    ['a missing cluster is 2', 'recover', {}, 2],
    ['a missing reason is 2', 'reject lab', {}, 2],
    ['a wrong duration is 2', 'diagnose lab --timeout soon', {}, 2],
    ['help is 0', '--help', {}, 0],
  ];
  for (const [claim, line, gateway, code] of table) {
    it(claim, async () => {
      const ran = await cpr(line, gateway);
      assert.equal(ran.code, code, `${ran.out}\n${ran.err}`);
    });
  }

  const outcomes: Record<OutcomeStatus, number> = {
    healed: 0,
    owed: 3,
    resolved: 0,
    'dry-run': 0,
    refused: 5,
    rejected: 2,
    aborted: 2,
    superseded: 2,
    expired: 7,
  };
  for (const [status, code] of Object.entries(outcomes)) {
    it(`a followed recovery that ended as ${status} is ${code}`, async () => {
      const ran = await cpr('watch lab', runThrough(ended(status as OutcomeStatus)));
      assert.equal(ran.code, code, ran.err);
    });
  }

  const failures: Partial<Record<FailureCode, number>> = {
    TemporalUnreachable: 1,
    NoWorker: 1,
    NoRecovery: 1,
    BadConfiguration: 2,
    UnknownCluster: 2,
    Cancelled: 2,
    NotAuthenticated: 4,
    NotAuthorized: 4,
    AnotherRecoveryOpen: 5,
    RefusedByRun: 5,
    TimedOut: 7,
  };
  for (const [code, exitCode] of Object.entries(failures)) {
    it(`${code} is ${exitCode}`, async () => {
      const error = failure(code as FailureCode, { what: 'it happened' });
      const ran = await cpr('diagnose lab', { diagnose: () => Promise.reject(error) });
      assert.equal(ran.code, exitCode);
    });
  }

  it('every failure has one of the documented codes', () => {
    for (const code of failureCodes) {
      assert.ok([1, 2, 4, 5, 7].includes(failure(code, { what: '' }).exitCode), code);
    }
  });

  it('whatever is thrown becomes a failure with a sentence', () => {
    for (const thrown of [
      undefined,
      null,
      7,
      'text',
      {},
      new Error('boom'),
      new TypeError('x is undefined'),
    ]) {
      const named = failureFrom(thrown);
      assert.equal(named.exitCode, 1);
      assert.notEqual(named.text.what, '');
    }
  });
});

function voting(): Partial<Gateway> {
  return {
    ...runThrough(waiting()),
    vote: async () => ({ have: 1, need: 1, sentence: 'Approved: 1 of 1.' }),
  };
}
