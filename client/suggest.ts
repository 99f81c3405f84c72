import { didYouMean } from '../worker/config/did-you-mean.ts';

/** "Known clusters: a, b. Did you mean a?": the end of an error about a name nobody knows. */
export function knownNames(what: string, written: string, known: readonly string[]): string {
  const begun = known.filter((name) => name.startsWith(written));
  const meant = begun.length === 1 ? begun[0] : didYouMean(written, known);
  return `Known ${what}: ${known.join(', ') || 'none'}.${meant ? ` Did you mean ${meant}?` : ''}`;
}
