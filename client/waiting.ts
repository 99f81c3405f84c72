import { liveLine } from './live-line.ts';
import type { Context } from './context.ts';
import { isText } from './output.ts';
import { span } from './render/text.ts';

/** Shows what is awaited and for how long, on a terminal only, while `work` runs. */
export async function waiting<T>(context: Context, what: string, work: () => Promise<T>): Promise<T> {
  const line = liveLine(context.io, isText(context));
  const since = context.io.now();
  const stop = line.every(() => `… ${what}, ${span(context.io.now() - since)}`);
  try {
    return await work();
  } finally {
    stop();
  }
}
