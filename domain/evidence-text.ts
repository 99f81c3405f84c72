import { safe, table } from './markdown.ts';
import type { Evidence } from './verdict.ts';

/** What was seen, and where; empty where there is nothing. `most`: characters of each, where a page has no room for all. */
export function evidenceTable(evidence: Evidence[], most: { fact?: number; source?: number } = {}): string {
  if (evidence.length === 0) return '';
  return table(
    ['fact', 'source'],
    evidence.map(({ fact, source }) => [safe(fact, most.fact), safe(source, most.source)]),
  );
}
