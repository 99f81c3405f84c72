import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Command } from 'commander';
import { buildProgram } from '../../client/program.ts';
import { cpr } from './support/console.ts';

describe('help', () => {
  for (const path of ['', ...commandPaths()]) {
    it(`cpr ${path}`.trim(), async (t) => {
      const { code, out, err } = await cpr(`${path} --help`.trim());
      assert.equal(code, 0);
      assert.equal(err, '');
      t.assert.snapshot(out, { serializers: [String] });
    });
  }

  it('of every command that does something has an example', async () => {
    for (const path of leafPaths()) {
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

function commandPaths(): string[] {
  return walk(tree()).map(({ path }) => path);
}

function leafPaths(): string[] {
  return walk(tree())
    .filter(({ command }) => command.commands.length === 0)
    .map(({ path }) => path);
}

function tree(): Command {
  return buildProgram(() => async () => {});
}

function walk(command: Command, prefix = ''): { path: string; command: Command }[] {
  return command.commands.flatMap((child) => {
    const path = `${prefix}${child.name()}`;
    return [{ path, command: child }, ...walk(child, `${path} `)];
  });
}
