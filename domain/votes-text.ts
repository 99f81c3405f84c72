import type { CastVote } from './approval.ts';
import { clock, code, safe, table } from './markdown.ts';
import type { ApprovalMode } from './policy.ts';
import type { Brake, Drift } from './run.ts';
import type { Proof } from './statement.ts';

/** What stands behind a name. */
function proofText(proof: Proof | undefined): string {
  return proof ? `key ${code(proof.key, 80)}` : 'unproved name';
}

/** How approvals count, in one sentence for people who were not there. */
export const modeSentence: Record<ApprovalMode, string> = {
  none: 'The inventory does not say how this cluster is approved, so nothing is ever done.',
  open: 'Approvals of this cluster are open: whoever can reach Temporal can vote, so the names below are **unproved names**, as they were typed.',
  signed:
    "Approvals of this cluster are signed: a vote counted only with an OpenSSH signature over exactly this plan, by a key that the cluster's allowed-signers file gives to that name.",
};

/** Every vote that counted when it was given, withdrawn ones too. */
export function votesTable(votes: CastVote[]): string {
  return table(['gate', 'decision', 'by', 'proof', 'why'], votes.map(voteRow));
}

function voteRow({ gate, decision, by, reason, proof, withdrawnAt }: CastVote): string[] {
  const said = withdrawnAt === undefined ? decision : `${decision} (withdrawn ${clock(withdrawnAt)})`;
  return [code(gate), said, safe(by, 80), proofText(proof), safe(reason, 600)];
}

/** The two plans line by line, in a fenced block; `lines` bounds it. */
export function driftBlock({ lines: all }: Drift, lines = all.length): string {
  const shown = all.slice(0, lines);
  if (all.length > lines) shown.push(`  … ${all.length - lines} more lines: the report has them`);
  // What a node says stands in a plan: it must not end the block that it stands in.
  return `\`\`\`diff\n${shown.join('\n').replaceAll('`', "'")}\n\`\`\``;
}

/** Who stops the cluster, since when and why. */
export function pausedText({ by, since, reason, proof, assumed }: Brake): string {
  const who = assumed ? safe(by, 80) : `${safe(by, 80)} (${proofText(proof)})`;
  return `Paused by ${who} since ${clock(since)} UTC: ${safe(reason, 800)}`;
}
