import { createInterface } from 'node:readline/promises';
import type { Io } from './context.ts';

const DEFAULT_COLUMNS = 110;
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
/** A terminal, npm and the entry script may each pass on one Ctrl-C: only a later one is a second. */
const SAME_INTERRUPT_MS = 1000;

/** The real terminal. Ctrl-C aborts `signal`, so that a command can leave in order; pressed again, it ends at once. */
export function processIo(): Io {
  const { stdin, stdout, stderr, env } = process;
  // `cpr report x | head` closes the pipe early: that is no error.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    live: stderr.isTTY && env['TERM'] !== 'dumb',
    interactive: stdin.isTTY && stderr.isTTY,
    // A terminal that does not know its width says 0.
    columns: stdout.columns || stderr.columns || DEFAULT_COLUMNS,
    color: stdout.isTTY && stderr.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    ask: askLine,
    key: askKey,
    now: Date.now,
    env,
    signal: interrupts(),
  };
}

async function askLine(question: string, signal: AbortSignal): Promise<string | undefined> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    reader.on('SIGINT', () => process.emit('SIGINT'));
    const ended = new Promise<undefined>((resolve) => reader.once('close', () => resolve(undefined)));
    return await Promise.race([reader.question(question, { signal }), ended]);
  } finally {
    reader.close();
  }
}

/** In raw mode the terminal hands over Ctrl-C as a character: it still means what it always means. */
function askKey(signal: AbortSignal): Promise<string | undefined> {
  const { stdin } = process;
  return new Promise((resolve) => {
    const end = (key?: string) => {
      stdin.off('data', onData);
      signal.removeEventListener('abort', onAbort);
      stdin.setRawMode(false);
      stdin.pause();
      resolve(key);
    };
    const onAbort = () => end();
    const onData = (data: Buffer) => {
      const key = data.toString('utf8');
      if (key === CTRL_C) process.emit('SIGINT');
      else end(key === CTRL_D ? undefined : key);
    };
    if (signal.aborted) return resolve(undefined);
    stdin.setRawMode(true);
    stdin.on('data', onData);
    signal.addEventListener('abort', onAbort, { once: true });
    stdin.resume();
  });
}

function interrupts(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted && Date.now() - first < SAME_INTERRUPT_MS) return;
    if (controller.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143);
    first = Date.now();
    controller.abort(new DOMException('Cancelled.', 'AbortError'));
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  return controller.signal;
}
