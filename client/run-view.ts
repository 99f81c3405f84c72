import type { Context } from './context.ts';
import { styleOf } from './output.ts';
import type { RunView } from './render/run.ts';

export function viewOf(context: Context, page?: string): RunView {
  return { now: context.io.now(), wide: context.options.output === 'wide', style: styleOf(context), page };
}
