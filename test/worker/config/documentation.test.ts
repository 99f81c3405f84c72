import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { searchAttributeNames } from '../../../domain/search-attributes.ts';
import { workerExitCodes } from '../../../worker/errors.ts';
import { inventorySchema } from '../../../worker/config/schema.ts';
import { schemaKeys } from '../../../worker/config/schema-keys.ts';

const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');

it('docs/configuration.md has one line for every key of the inventory, and none for a key that is gone', () => {
  const documented = [...page.matchAll(/^\| `(clusters[^`]*)` \| \S/gm)].map(([, key]) => key);
  const keys = schemaKeys(inventorySchema);
  assert.ok(
    keys.includes('clusters.<name>.policy.votes.breakGlass'),
    'the walk over the schema reaches its leaves',
  );
  assert.deepEqual(documented, keys);
});

it('it shows how to register every search attribute by hand, and no other', () => {
  const shown = [...page.matchAll(/--name (\w+) --type Keyword/g)].map(([, name]) => name);
  assert.deepEqual(shown, [...searchAttributeNames]);
});

it('it explains every exit code of the worker, and no other', () => {
  const explained = [...page.matchAll(/^\| `(\d)` \| \S/gm)].map(([, code]) => Number(code));
  assert.deepEqual(explained, [...new Set([0, ...Object.values(workerExitCodes)])]);
});
