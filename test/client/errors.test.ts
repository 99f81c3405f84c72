import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure } from '../../client/failure.ts';
import type { RunState } from '../../domain/run.ts';
import { cpr } from './support/console.ts';
import { runThrough } from './support/runs.ts';
import { acting, waiting } from './support/states.ts';

describe('errors', () => {
  it('name the clusters there are, and the one that was probably meant', async () => {
    const { code, err } = await cpr('diagnose prod-eu-l');
    assert.equal(code, 2);
    assert.match(err, /There is no cluster prod-eu-l in the inventory/);
    assert.match(err, /Where: \/etc\/cpr\/clusters\.yaml/);
    assert.match(err, /Known clusters: lab, prod-eu-1\. Did you mean prod-eu-1\?/);
  });

  it('name the masters there are', async () => {
    const { code, err } = await cpr('recover prod-eu-1 --node cp-d');
    assert.equal(code, 2);
    assert.match(err, /prod-eu-1 has no master cp-d/);
    assert.match(err, /Known masters of prod-eu-1: cp-a, cp-b, cp-c\./);
  });

  it('of a mistyped command say which one was probably meant', async () => {
    const { err } = await cpr('dignose lab');
    assert.match(err, /Did you mean diagnose\?/);
  });

  it('say that no recovery is open, and what to do then', async () => {
    for (const line of ['approve lab', "reject lab --reason 'no'", "abort lab --reason 'no'"]) {
      const { code, err } = await cpr(line, { newestRun: async () => undefined });
      assert.equal(code, 1);
      assert.match(err, /No recovery of lab is open\./);
      assert.match(err, /cpr diagnose lab/);
    }
  });

  it('say that nothing waits for approval, and what goes on instead', async () => {
    const { code, err } = await cpr('approve lab --digest 000000000000', runThrough(acting()));
    assert.equal(code, 1);
    assert.match(err, /does not wait for approval: it is acting/);
  });

  it('say that no step is blocked', async () => {
    const { code, err } = await cpr("resolve lab retry --reason 'again'", runThrough(waiting()));
    assert.equal(code, 1);
    assert.match(err, /No step of the recovery of lab is blocked/);
  });

  it('carry the name and the sentence of a refusal', async () => {
    const refused = failure('RefusedByRun', {
      what: 'The nonce is not that of gate plan-1.',
      reason: 'WrongNonce',
    });
    const gateway = { ...runThrough(waiting()), vote: () => Promise.reject(refused) };
    const { code, err } = await cpr("reject lab --reason 'no'", gateway);
    assert.equal(code, 5);
    assert.match(err, /Error: The nonce is not that of gate plan-1\.\n {2}Reason: WrongNonce/);
  });

  it('are JSON on stderr when JSON was asked for, with nothing on stdout', async () => {
    for (const line of ['diagnose nowhere -o json', 'diagnose -o json', '-o json nonsense']) {
      const { code, out, err } = await cpr(line);
      const { error } = JSON.parse(err) as { error: { code: string; exitCode: number; what: string } };
      assert.equal(code, 2);
      assert.equal(error.exitCode, 2);
      assert.notEqual(error.what, '');
      assert.equal(out, '');
    }
  });

  it('cannot move the cursor, whatever a node put into them', async () => {
    const error = failure('RunFailed', { what: 'it said \u001b[2J\u001b[1;1Hall is well\u0007' });
    const { err } = await cpr('diagnose lab', { diagnose: () => Promise.reject(error) });
    for (const evil of ['\u001b', '\u0007']) assert.ok(!err.includes(evil));
  });

  it('of a defect show where, and hide the stack until it is asked for', async () => {
    // What no gateway may answer: hence the cast.
    const broken = { diagnose: async () => ({ nonsense: true }) as unknown as never };
    const quiet = await cpr('diagnose lab', broken);
    assert.equal(quiet.code, 1);
    assert.match(quiet.err, /CPR_DEBUG=1/);
    assert.equal(quiet.err.split('\n').filter((line) => line.includes('    at ')).length, 0);
    const loud = await cpr('diagnose lab', broken, { env: { CPR_DEBUG: '1' } });
    assert.match(loud.err, /\n {4}at /);
  });

  it('of a worker that is away while a recovery is followed are told once, and following goes on', async () => {
    const states: (RunState | Error)[] = [
      failure('NoWorker', { what: 'No worker answers.', next: 'Start one with `cpr worker`.' }),
      failure('NoWorker', { what: 'No worker answers.', next: 'Start one with `cpr worker`.' }),
      waiting(),
    ];
    const gateway = {
      ...runThrough(waiting()),
      state: async () => {
        const next = states.length > 1 ? states.shift()! : states[0]!;
        if (next instanceof Error) throw next;
        return next;
      },
    };
    const { code, err } = await cpr('recover lab', gateway);
    assert.equal(code, 6);
    assert.equal(err.match(/No worker answers/g)?.length, 1);
  });
});
