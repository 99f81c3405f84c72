import { spawn, type ChildProcess } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { Context } from './context.ts';
import { failure } from './failure.ts';
import { cancelled } from './patience.ts';

/** Without a terminal nobody types a passphrase; an agent may still ask its owner on another screen. */
const UNATTENDED_MS = 60_000;

export interface ToolEnd {
  code: number | null;
  out: string;
  /** Empty at a terminal, where the person has read it. */
  err: string;
}

/**
 * At a terminal the tool talks to the person itself: prompts go through /dev/tty and stderr. Without one it gets no terminal
 * to ask at, so that a script fails instead of hanging at a question.
 */
export async function runTool(
  { io }: Context,
  command: string,
  argv: readonly string[],
  input = '',
): Promise<ToolEnd> {
  const attended = io.interactive && io.live;
  const child = spawn(command, argv, {
    env: { ...process.env, ...io.env },
    detached: !attended,
    stdio: ['pipe', 'pipe', attended ? 'inherit' : 'pipe'],
  });
  const stop = () => void child.kill();
  const timer = attended ? undefined : setTimeout(stop, UNATTENDED_MS);
  io.signal.addEventListener('abort', stop, { once: true });
  try {
    const end = await endOf(child, input);
    if (io.signal.aborted) throw cancelled('Cancelled; nothing was signed.');
    return end;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    throw failure('NotSigned', { what: `There is no ${command} here.`, next: 'Install OpenSSH.' });
  } finally {
    clearTimeout(timer);
    io.signal.removeEventListener('abort', stop);
  }
}

async function endOf(child: ChildProcess, input: string): Promise<ToolEnd> {
  const { stdin, stdout, stderr } = child;
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // A tool that ends without reading its input is judged by its exit code, not by our broken pipe.
  stdin?.on('error', () => {});
  stdin?.end(input);
  const said = [stdout, stderr].map(async (stream) => (stream ? text(stream) : ''));
  const [code, out = '', err = ''] = await Promise.all([closed, ...said]);
  return { code, out, err };
}
