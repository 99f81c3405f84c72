import type { FindingCode } from '../finding.ts';

/** The page to read where no runbook fits. */
export function pageOf(code: FindingCode): { page: string } {
  return { page: `docs/findings.md#${code.toLowerCase()}` };
}
