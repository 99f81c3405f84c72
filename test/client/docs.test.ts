import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Argument, Command } from 'commander';
import { exitCodeMeanings } from '../../client/exit-codes.ts';
import { allCommands } from './support/tree.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/commands.md'), 'utf8');
const sections = sectionsOf(page);
const everywhere = 'Options of every command';

describe('docs/commands.md', () => {
  it('has a section for every command and for no other', () => {
    const commands = allCommands()
      .filter(({ path }) => path !== '')
      .map(({ path }) => `cpr ${path}`);
    const written = [...sections.keys()].filter((title) => title.startsWith('cpr '));
    assert.deepEqual(new Set(written), new Set(commands));
  });

  for (const { path, command } of allCommands()) {
    const title = path === '' ? everywhere : `cpr ${path}`;
    it(`says every option of ${title}, and no other`, () => {
      const text = sections.get(title) ?? '';
      const rows = [...text.matchAll(/^\| `(--[a-z-]+)/gm)].map(([, flag]) => flag);
      assert.deepEqual(new Set(rows), new Set(flagsOf(command, path === '')));
    });
    if (command.registeredArguments.length === 0) continue;
    it(`says the arguments of ${title}`, () => {
      const usage = command.registeredArguments.map(usageOf).join(' ');
      assert.ok(
        sections.get(title)?.includes(`\`cpr ${path} ${usage}\``),
        `${title}: \`cpr ${path} ${usage}\``,
      );
    });
  }

  it('says every exit code in the words of the program', () => {
    const rows = [...(sections.get('Exit codes') ?? '').matchAll(/^\| (\d) \| (.*) \|$/gm)];
    assert.deepEqual(Object.fromEntries(rows.map(([, code, meaning]) => [code, meaning])), exitCodeMeanings);
  });
});

function sectionsOf(text: string): Map<string, string> {
  const parts = text.split(/^## /m).slice(1);
  return new Map(parts.map((part) => [part.slice(0, part.indexOf('\n')).trim(), part]));
}

/** Help is an option of every command, and said once. */
function flagsOf(command: Command, root: boolean): string[] {
  const own = command.options.map((option) => option.long ?? '');
  return root ? [...own, '--help'] : own;
}

function usageOf(argument: Argument): string {
  const word = argument.variadic ? `${argument.name()}...` : argument.name();
  return argument.required ? `<${word}>` : `[${word}]`;
}
