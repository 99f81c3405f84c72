import { redact } from '../redact.ts';

/** What `observe-kubelet.sh` said, key by key. Any byte may stand in a value. */
export type Values = Readonly<Record<string, string>>;

export function need(values: Values, key: string): string {
  const value = values[key];
  if (value === undefined) throw new Error(`the node script said nothing about ${key}`);
  return value;
}

export function count(text: string, key: string): number {
  if (!/^\d{1,15}$/.test(text.trim()))
    throw new Error(`${key}: expected a number, got '${redact(text, 40)}'`);
  return Number(text.trim());
}

export function hash(text: string, key: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Error(`${key}: expected a SHA-256, got '${redact(text, 40)}'`);
  return text;
}

export function time(text: string, key: string): string {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new Error(`${key}: expected a time, got '${redact(text, 40)}'`);
  return new Date(ms).toISOString();
}
