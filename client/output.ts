import type { Context } from './context.ts';
import { styleFor, type Style } from './render/text.ts';

type Printer = Pick<Context, 'io' | 'options'>;

/** What a command has to say: for people as text, for programs as one object. */
export interface Told {
  text: () => string;
  data: unknown;
}

/** Prints a result in the format that was asked for; results go to stdout, everything else to stderr. */
export async function tell({ io, options }: Printer, { text, data }: Told): Promise<void> {
  if (options.output === 'json') return io.out(`${JSON.stringify(data, null, 2)}\n`);
  if (options.output === 'yaml') return io.out(`---\n${(await import('yaml')).stringify(data)}`);
  return io.out(`${text()}\n`);
}

/** One object of a stream: a line in JSON, a document in YAML. */
export async function tellEach({ io, options }: Printer, { text, data }: Told): Promise<void> {
  if (options.output === 'json') return io.out(`${JSON.stringify(data)}\n`);
  return tell({ io, options }, { text, data });
}

/** A sentence about what is going on, for a person only. */
export function say({ io }: Context, sentence: string): void {
  io.err(`${sentence}\n`);
}

export function isText({ options }: Context): boolean {
  return options.output === 'text' || options.output === 'wide';
}

export function styleOf({ io, options }: Context): Style {
  return styleFor(io.color && options.color);
}
