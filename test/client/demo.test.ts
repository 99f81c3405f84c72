import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { describe, it } from 'node:test';
import type { Context } from '../../client/context.ts';
import { personDecides } from '../../client/demo/decision.ts';
import { narratorFor, storyIo } from '../../client/demo/narrator.ts';
import { saveReport } from '../../client/demo/report-file.ts';
import { CommandFailure } from '../../client/failure.ts';
import type { Gateway } from '../../client/gateway.ts';
import { fakeConsole, type FakeConsole } from './support/console.ts';
import { run, runThrough } from './support/runs.ts';
import { acting, waiting } from './support/states.ts';

describe("the demo's gate", () => {
  it('opens with the key a, whatever was pressed before', async () => {
    const { context } = at({ keys: ['x', ' ', '\r', 'a'] });
    assert.equal(await personDecides(context, temporal(waiting()), run), 'a key');
  });

  for (const keys of [['q'], ['x', 'q'], []]) {
    it(`is left with ${JSON.stringify(keys)}: nothing is approved`, async () => {
      const { context } = at({ keys });
      await assert.rejects(
        personDecides(context, temporal(waiting()), run),
        (error) => error instanceof CommandFailure && error.code === 'Cancelled',
      );
    });
  }

  it('opens when somebody votes in the browser', async () => {
    const { context } = at({ keys: 'never' });
    assert.equal(await personDecides(context, temporal(waiting(), waiting(), acting()), run), 'elsewhere');
  });

  it('is left on Ctrl-C', async () => {
    const { context, terminal } = at({ keys: 'never' });
    setTimeout(terminal.interrupt, 10);
    await assert.rejects(personDecides(context, temporal(waiting()), run));
  });
});

describe("the demo's story", () => {
  it('goes to stdout for a person, and leaves stdout alone for a program', () => {
    for (const output of ['text', 'json'] as const) {
      const { context, terminal } = at({ keys: [] }, output);
      const narrator = narratorFor(context);
      narrator.chapter('The beginning');
      narrator.say('Once upon a time.');
      storyIo(context, {}).out('printed by a command\n');
      const [told, untouched] =
        output === 'text' ? [terminal.out(), terminal.err()] : [terminal.err(), terminal.out()];
      assert.match(told, /1\. The beginning {2}at 0\.0 s\n {3}Once upon a time\.\nprinted by a command/);
      assert.equal(untouched, '');
    }
  });

  it('saves its report under a name that sorts by time', async () => {
    const path = await saveReport('# Incident\n', new Date('2026-11-22T03:04:05.678Z'));
    assert.match(path, /incident-2026-11-22T030405Z\.md$/);
    assert.equal(await readFile(path, 'utf8'), '# Incident\n');
    await rm(path);
  });
});

function temporal(...states: Parameters<typeof runThrough>): Gateway {
  return runThrough(...states) as Gateway;
}

function at(
  { keys }: { keys: string[] | 'never' },
  output: Context['options']['output'] = 'text',
): { context: Context; terminal: FakeConsole } {
  const terminal = fakeConsole({ answers: keys === 'never' ? [] : keys });
  const io = keys === 'never' ? { ...terminal.io, key: untilAborted } : terminal.io;
  const context: Context = {
    io,
    options: { output, color: false },
    pollMs: 1,
    connect: () => Promise.reject(new Error('not in this test')),
    inventory: async () => undefined,
  };
  return { context, terminal };
}

function untilAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined)));
}
