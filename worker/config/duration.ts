const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

type Unit = keyof typeof unitMs;

/** What a duration looks like in the inventory; also the text of the error. */
export const durationExamples = 'a duration such as 30s, 5m, 4h or 1h30m';

/**
 * `30s`, `4h`, `1h30m` to milliseconds; undefined for anything else. A bare number is refused on purpose: nobody
 * should have to guess at night whether `gateDeadline: 30` means seconds or minutes.
 */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(ms|s|m|h|d))+$/.test(text)) return undefined;
  const parts = text.matchAll(/(\d+)(ms|s|m|h|d)/g);
  return [...parts].reduce((sum, [, amount, unit]) => sum + Number(amount) * unitMs[unit as Unit], 0);
}

/** The shortest way to write it: 5400000 is `1h30m`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  const units = Object.entries(unitMs).reverse();
  let rest = ms;
  let text = '';
  for (const [unit, size] of units) {
    const amount = Math.floor(rest / size);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * size;
  }
  return text;
}
