import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { it } from 'node:test';
import { inventorySchema } from '../../../worker/config/schema.ts';
import { schemaKeys } from '../../../worker/config/schema-keys.ts';

it('docs/configuration.md has one line for every key of the inventory, and none for a key that is gone', async () => {
  const page = await readFile(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| `(clusters[^`]*)` \| \S/gm)].map(([, key]) => key);
  const keys = schemaKeys(inventorySchema);
  assert.ok(
    keys.includes('clusters.<name>.policy.votes.breakGlass'),
    'the walk over the schema reaches its leaves',
  );
  assert.deepEqual(documented, keys);
});
