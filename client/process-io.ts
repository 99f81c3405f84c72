import { createInterface } from 'node:readline/promises';
import type { Io } from './context.ts';

const DEFAULT_COLUMNS = 110;

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
    columns: stdout.columns ?? stderr.columns ?? DEFAULT_COLUMNS,
    color: stdout.isTTY && stderr.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    ask: askLine,
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

function interrupts(): AbortSignal {
  const controller = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143);
    controller.abort(new DOMException('Cancelled.', 'AbortError'));
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  return controller.signal;
}
