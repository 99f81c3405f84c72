import type { Risk } from '../domain/plan.ts';
import type { Context } from './context.ts';
import { failure } from './failure.ts';
import { cancelled } from './patience.ts';
import { SHORT_DIGEST } from './render/run.ts';

export interface Approval {
  cluster: string;
  /** Undefined: only the digest is known here. */
  risk: Risk | undefined;
  digest: string;
  /** What the person wrote behind `--digest`. */
  quoted: string | undefined;
}

/**
 * Makes sure that a person or a script means exactly this plan. A quoted digest is proof enough; at a terminal the
 * person confirms, by typing the cluster's name when a step cannot be undone. Nobody is asked without a terminal.
 */
export async function confirmPlan(context: Context, approval: Approval): Promise<void> {
  if (approval.quoted !== undefined) return requireDigest(approval, approval.quoted);
  const { cluster, digest, risk } = approval;
  if (!context.io.interactive) {
    throw failure('ConfirmationNeeded', {
      what: 'Without a terminal an approval must name the plan that it is for.',
      next: `cpr approve ${cluster} --digest ${digest.slice(0, SHORT_DIGEST)}`,
    });
  }
  if (risk === 'reversible') return requireYes(context, 'Approve this plan? [y/N] ');
  const why =
    risk === undefined
      ? 'Compare the digest of the plan with that on the page where you read it.'
      : 'It has a step that cannot be undone.';
  await requireTyped(context, cluster, `${why} Type the cluster's name to approve it: `);
}

function requireDigest({ cluster, digest }: Approval, quoted: string): void {
  if (!/^[0-9a-f]+$/i.test(quoted) || quoted.length < SHORT_DIGEST) {
    throw failure('BadUsage', {
      what: `--digest: expected at least ${SHORT_DIGEST} hexadecimal digits of the plan's digest, got '${quoted}'.`,
      next: `\`cpr status ${cluster}\` shows the plan and its digest.`,
    });
  }
  if (digest.startsWith(quoted.toLowerCase())) return;
  throw failure('DigestDiffers', {
    what: `The plan at the gate is another one: its digest begins with ${digest.slice(0, SHORT_DIGEST)}, not with ${quoted}.`,
    where: `the open gate of ${cluster}`,
    next: `Read the plan again (\`cpr status ${cluster}\`): what was seen has changed since.`,
  });
}

async function requireYes(context: Context, question: string): Promise<void> {
  const answer = await context.io.ask(question, context.io.signal);
  if (!/^y(es)?$/i.test(answer?.trim() ?? '')) throw notConfirmed();
}

/** Severe actions are confirmed by typing a name: a habit of pressing `y` is no decision. */
async function requireTyped(context: Context, name: string, question: string): Promise<void> {
  const answer = await context.io.ask(question, context.io.signal);
  if (answer?.trim() !== name) throw notConfirmed();
}

function notConfirmed(): Error {
  return cancelled('Not confirmed; nothing was sent.', 'The gate stays open.');
}
