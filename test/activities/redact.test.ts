import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redact, verbatim } from '../../activities/redact.ts';
import { certificate, token } from './support/certificates.ts';

describe('what may be shown', () => {
  const jwt = token({ sub: 'x', exp: 5 });
  const cases: [string, string, string][] = [
    ['a plain sentence stays', 'connection refused', 'connection refused'],
    ['a token', `invalid ${jwt} here`, 'invalid [redacted] here'],
    ['a token that was cut off', `invalid ${jwt.slice(0, 40)}`, 'invalid [redacted]'],
    ['a bearer', 'Authorization: Bearer abc.def', 'Authorization: [redacted]'],
    ['a bootstrap token', 'token abcdef.0123456789abcdef', 'token [redacted]'],
    ['a field of a kubeconfig', 'user: {token: hunter2, x: y}', 'user: {token: [redacted], x: y}'],
    ['a long word', `body ${'QUJD'.repeat(100)}`, 'body [redacted]'],
    ['colours', '\u001b[31mred\u001b[0m', 'red'],
    ['a title for the terminal', '\u001b]0;owned\u0007x', 'x'],
    ['lines', 'one\ntwo\r\nthree', 'one two three'],
    ['text that runs backwards', 'a\u202eb', 'a b'],
    ['nothing', '', ''],
  ];
  for (const [name, text, shown] of cases) {
    it(name, () => assert.equal(redact(text), shown));
  }

  it('a private key', async () => {
    const { key } = await certificate('CN=x');
    assert.equal(redact(`before ${key} after`), 'before [redacted] after');
    assert.equal(redact(key.slice(0, 90)), '[redacted]');
  });

  it('is short', () => {
    assert.equal(redact('word '.repeat(1000), 50).length, 50);
  });

  it('is found fast in a megabyte of nonsense', () => {
    for (const nonsense of [
      'eyJ'.repeat(400_000),
      'token='.repeat(200_000),
      '-----BEGIN PRIVATE KEY'.repeat(50_000),
    ]) {
      assert.ok(redact(nonsense).length <= 400);
    }
  });
});

describe('what is compared', () => {
  for (const text of [
    'system:node:master-1 ',
    ' system:node:master-1',
    'system:node:master-1\u0000',
    'system:node:master-1\n',
    'system:\u200bnode:master-1',
  ]) {
    it(`never becomes what it resembles: ${JSON.stringify(text)}`, () => {
      assert.notEqual(verbatim(text), 'system:node:master-1');
    });
  }
  for (const text of [
    'system:node:master-1',
    'system:node:master.openshiftcluster',
    'https://token:6443',
    `system:node:${'a'.repeat(240)}`,
  ]) {
    it(`stays as it is otherwise: ${text.slice(0, 40)}`, () => assert.equal(verbatim(text), text));
  }
  it('is no secret all the same', () => {
    assert.doesNotMatch(verbatim('eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln'), /c2ln/);
    assert.doesNotMatch(verbatim('-----BEGIN PRIVATE KEY-----\nMIIE'), /MIIE/);
  });
});
