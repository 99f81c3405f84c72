import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { mustRun, run } from '../../lab/host/run.ts';

describe('a command that is run', () => {
  it('gives its exit code and both outputs, and gets its input', async () => {
    const result = await run(['sh', '-c', 'cat; echo oops >&2; exit 3'], { input: 'hello' });
    assert.deepEqual(result, { code: 3, stdout: 'hello', stderr: 'oops\n' });
  });

  it('is an error with command, code and the last of stderr where it must succeed', async () => {
    const failing = mustRun(['sh', '-c', 'echo first >&2; echo last >&2; exit 7']);
    await assert.rejects(failing, (error: Error) => {
      assert.match(error.message, /^sh -c .* ended with exit code 7\n/);
      assert.match(error.message, / {4}last$/);
      return true;
    });
  });

  it('that is not installed is said so', async () => {
    await assert.rejects(
      run(['no-such-command-anywhere']),
      /^Error: no-such-command-anywhere is not installed$/,
    );
  });

  it('hands its lines over as they come', async () => {
    const lines: string[] = [];
    await run(['sh', '-c', 'echo a; echo b >&2'], {
      onLine: (line, stream) => lines.push(`${stream} ${line}`),
    });
    assert.deepEqual(lines.sort(), ['stderr b', 'stdout a']);
  });

  it('dies with everything it started when it is aborted', async () => {
    const controller = new AbortController();
    let grandchild = 0;
    const onLine = (line: string) => {
      grandchild = Number(line);
      controller.abort(new Error('Ctrl-C'));
    };
    const running = run(['sh', '-c', 'sleep 100 & echo $!; wait'], { signal: controller.signal, onLine });
    await assert.rejects(running, /Ctrl-C/);
    while (await isAlive(grandchild)) await setTimeout(5);
  });

  it('is cut when it takes too long, and the error says after how long', async () => {
    await assert.rejects(run(['sleep', '100'], { timeoutMs: 50 }), /^Error: sleep 100 was cut after 0.05 s$/);
  });

  it('is not started when the signal was aborted before', async () => {
    await assert.rejects(run(['true'], { signal: AbortSignal.abort(new Error('Ctrl-C')) }), /Ctrl-C/);
  });
});

/** A process that nobody has reaped yet is dead all the same. */
async function isAlive(pid: number): Promise<boolean> {
  const { stdout } = await run(['ps', '-o', 'stat=', '-p', String(pid)]);
  return stdout.trim() !== '' && !stdout.includes('Z');
}
