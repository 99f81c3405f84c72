import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cpr } from './support/console.ts';
import { allCommands } from './support/tree.ts';

describe('help', () => {
  for (const { path } of allCommands()) {
    it(`cpr ${path}`.trim(), async (t) => {
      const { code, out, err } = await cpr(`${path} --help`.trim());
      assert.equal(code, 0);
      assert.equal(err, '');
      t.assert.snapshot(out, { serializers: [String] });
    });
  }

  it('of every command that does something has an example', async () => {
    for (const { path, command } of allCommands()) {
      if (command.commands.length > 0) continue;
      const { out } = await cpr(`${path} --help`);
      assert.match(out, /\nExamples:\n {2}cpr /, path);
    }
  });

  it('without a command is shown', async () => {
    const { code, out } = await cpr('');
    assert.equal(code, 0);
    assert.match(out, /^Usage: cpr /);
  });
});
