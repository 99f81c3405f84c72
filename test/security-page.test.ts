import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { statementOf } from '../domain/statement.ts';
import { keyRing } from './support/signing-keys.ts';

const page = readFileSync(join(import.meta.dirname, '../docs/security.md'), 'utf8');
const keys = keyRing();

before(() => {
  keys.make('anna');
  keys.write('allowed_signers', `anna@example.com ${keys.publicKey('anna')}\n`);
});

after(() => keys.remove());

/** The command of the page, on what `verifyStatement` was given. */
function check(said: object): { stdout: string; status: number | null } {
  const [, command = ''] = /^```sh\n(.*?)^```$/ms.exec(page) ?? [];
  keys.write('said.json', JSON.stringify(said, undefined, 2));
  return spawnSync('sh', ['-ec', command], { cwd: keys.directory, encoding: 'utf8' });
}

/** The page's command is one for people, and theirs is jq; a machine without it proves nothing about the page. */
const skip = spawnSync('jq', ['--version']).error ? 'jq is not installed here' : false;

describe('docs/security.md: checking a recorded vote by hand', { skip }, () => {
  const subject = {
    kind: 'vote' as const,
    cluster: 'prod-eu-1',
    workflow: 'recovery/prod-eu-1',
    firstRun: '5b0c7d1e-0000-4000-8000-0000000000ff',
    plan: 'e'.repeat(64),
    nonce: 'n-1',
  };
  const said = {
    by: 'anna@example.com',
    reason: 'said “go on” \\ näher \u{1f44d}\nand "that"\t',
    issued: '2026-11-22T03:05:00.000Z',
    expires: '2026-11-22T03:15:00.000Z',
  };
  const statement = statementOf(subject, { gate: 'plan-1', decision: 'approve' }, said);
  const recorded = () => ({ cluster: 'prod-eu-1', statement, signature: keys.sign('anna', statement) });

  for (const [how, shape] of [
    ['as one object', (input: object) => input],
    ['as a list of arguments', (input: object) => [input]],
  ] as const) {
    it(`says that a vote is good, copied ${how}`, () => {
      const { stdout } = check(shape(recorded()));
      const good = `Good "control-plane-recovery" signature for anna@example.com with ED25519 key ${keys.fingerprint('anna')}`;
      assert.equal(stdout.trim(), good);
    });
  }

  it('says that one is not good whose decision was changed', () => {
    const { status } = check({ ...recorded(), statement: { ...statement, decision: 'reject' } });
    assert.notEqual(status, 0);
  });
});
