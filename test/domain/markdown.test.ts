import assert from 'node:assert/strict';
import { test } from 'node:test';
import { code, duration, plain, safe, span } from '../../domain/markdown.ts';

const table: [string, string, string][] = [
  ['a plain sentence', 'Node master-1 is Ready.', 'Node master-1 is Ready.'],
  ['a name with underscores', 'kubelet_client_current', 'kubelet_client_current'],
  ['a pipe', 'a|b', String.raw`a\|b`],
  ['a pipe that seems escaped', String.raw`a\|b`, String.raw`a\\\|b`],
  ['a second line', 'one\n| two |\r\n# three', String.raw`one \| two \| # three`],
  ['a heading', '# Approved', String.raw`\# Approved`],
  ['a list', '- done', String.raw`\- done`],
  ['a numbered list', '1. done', String.raw`1\. done`],
  ['a link', '[x](http://evil)', String.raw`\[x\](http://evil)`],
  ['markup', '<b>*bold*</b> `code` _em_ ~~no~~', String.raw`\<b\>\*bold\*\</b\> \`code\` \_em\_ \~\~no\~\~`],
  ['an entity', '&lt;script&gt;', String.raw`\&lt;script\&gt;`],
  ['terminal escapes', '\u001B[31mred\u001B[0m \u001B]0;title\u0007x', 'red x'],
  ['text that runs backwards', 'a\u202Eb\u200Bc', 'a b c'],
];

for (const [name, hostile, expected] of table) {
  test(`${name} cannot break the page`, () => assert.equal(safe(hostile), expected));
}

test('a long text is cut and stays well-formed', () => {
  assert.equal(plain('x'.repeat(900), 10), 'xxxxxxxxx…');
  assert.ok(plain('😀'.repeat(900), 10).isWellFormed());
  assert.ok(plain('\uD800 half', 100).isWellFormed());
});

test('code holds no backtick and no pipe', () => {
  assert.equal(code('a`b|c'), "`a'b¦c`");
});

const durations: [number, string][] = [
  [0, '0 ms'],
  [850, '850 ms'],
  [12_340, '12.3 s'],
  [59_960, '1 min'],
  [250_000, '4 min 10 s'],
  [3_599_900, '1 h'],
  [7_500_000, '2 h 5 min'],
];

test('durations are said as a person says them', () => {
  for (const [milliseconds, expected] of durations) assert.equal(duration(milliseconds), expected);
  assert.equal(span('2026-11-22T12:00:00Z', undefined), '');
});
