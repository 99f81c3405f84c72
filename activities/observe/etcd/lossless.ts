/** JSON as it was written: each number is the text that stood there. */
export type Lossless = string | boolean | null | Lossless[] | { [key: string]: Lossless };

type Reviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown;

const keepDigits: Reviver = (_, value, context) =>
  typeof value === 'number' ? (context?.source ?? '') : value;

/**
 * etcd's ids are 64-bit numbers in its JSON, and JavaScript's lose their last digits. Throws a SyntaxError for what is no
 * JSON.
 */
export function parseLossless(text: string): Lossless {
  return JSON.parse(text, keepDigits) as Lossless;
}

export function fieldsIn(value: Lossless | undefined): { [key: string]: Lossless } | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

export function listIn(value: Lossless | undefined): Lossless[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

export function textIn(value: Lossless | undefined): string {
  return typeof value === 'string' ? value : '';
}
