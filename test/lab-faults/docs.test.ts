import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { faults } from '../../lab/faults/index.ts';

test('docs/lab.md lists every fault in its own words, and no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/lab.md'), 'utf8');
  const [, rest = ''] = page.split('\n## Faults\n');
  const [section = ''] = rest.split('\n## ');
  const rows = [...section.matchAll(/^\| `([\w-]+)` \| (.*) \|$/gm)].map(
    ([, name, text]) => `${name}: ${text}`,
  );
  assert.deepEqual(
    rows,
    faults.map(({ name, sentence }) => `${name}: ${sentence}`),
  );
});
