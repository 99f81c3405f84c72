/**
 * Reading what a person sent. Everything here is total: a signal can carry bytes, arrays, numbers or nothing at all, and
 * a judge that throws on one of them stalls the run that it was meant to protect.
 */

/** What becomes of a message: it counts, as this; or it does not, for this reason, and this would have counted. */
export type Judgement<T, Refusal extends string> =
  | { counts: T }
  | { refused: Refusal; sentence: string; expected: string };

/** JSON for a person to copy. A backtick would end the Markdown code it stands in, so it is written as its escape. */
export function pasteable(payload: Record<string, string>): string {
  return JSON.stringify(payload).replaceAll('`', String.raw`\u0060`);
}

/** A sentence may begin with a node's name, which stays as the platform spells it. */
export function sentenceCase(text: string): string {
  return /^[a-z]+(?![-.\d\w])/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

/** The object's fields, or undefined when it is no plain object. */
export function fieldsOf(input: unknown): Record<string, unknown> | undefined {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return undefined;
  if (ArrayBuffer.isView(input) || input instanceof ArrayBuffer) return undefined;
  return input as Record<string, unknown>;
}

/** What is wrong with the shape, in words, or undefined. A field that we do not know may be one that was misspelt. */
export function shapeFault(
  fields: Record<string, unknown>,
  known: readonly string[],
  wanted: readonly string[],
) {
  const strange = Object.keys(fields).filter((name) => !known.includes(name));
  if (strange.length > 0) return `unknown field ${excerpt(strange[0])}`;
  const absent = wanted.find((name) => fields[name] === undefined);
  if (absent !== undefined) return `${absent} is missing`;
  const wrong = known.find((name) => fields[name] !== undefined && typeof fields[name] !== 'string');
  if (wrong !== undefined) return `${wrong} must be a string`;
  const long = known.find((name) => textOf(fields[name]).length > longestOf(name));
  return long === undefined ? undefined : `${long} is longer than ${longestOf(long)} characters`;
}

/**
 * Longer than any reason a person types; short enough that fifty of them fit into a history. A signature by an RSA key of
 * 4,096 bits has 1,600 characters, one of 16,384 with a certificate in it 11,000.
 */
function longestOf(field: string): number {
  return field === 'signature' ? 16_000 : 1_000;
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

/** Nothing typed, or the placeholder of the example left as it stood. */
export function isBlank(value: unknown): boolean {
  const text = textOf(value).replaceAll(invisible, '').trim();
  return text === '' || /^<[^<>]*>$/.test(text);
}

/** Zero-width characters and direction overrides: a name made of them looks like none, or like another's. */
export const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** "Anna", "anna " and "Anna" with a zero-width space are one person. */
export function sameName(left: string, right: string): boolean {
  return canonicalName(left) === canonicalName(right);
}

function canonicalName(name: string): string {
  return name.normalize('NFKC').replaceAll(invisible, '').trim().replaceAll(/\s+/g, ' ').toLowerCase();
}

/** A few words of what was sent, safe to show: one line, no control characters. */
export function excerpt(value: unknown, length = 40): string {
  const text = (typeof value === 'string' ? value.slice(0, 4 * length) : `a ${typeof value}`).replaceAll(
    invisible,
    ' ',
  );
  return JSON.stringify(text.length > length ? `${text.slice(0, length - 1)}…` : text);
}

/** Milliseconds since the epoch of an ISO 8601 time with a zone, or undefined. `Date.parse` alone takes "1" for a year. */
export function timeOf(value: unknown): number | undefined {
  const text = textOf(value);
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
