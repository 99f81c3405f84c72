import { readFile } from 'node:fs/promises';
import { signedFieldNames } from '../domain/about.ts';
import { fieldsOf, invisible, isBlank } from '../domain/input.ts';
import type { Saying, Statement } from '../domain/statement.ts';
import { recoveryWorkflowId } from '../workflows/messages.ts';
import { confirmPlan } from './confirm.ts';
import type { Context } from './context.ts';
import { failure } from './failure.ts';
import { printForPasting, saidNow, showInWords, type SayOptions } from './saying.ts';
import { signerName } from './signer.ts';
import { sign } from './signing.ts';

interface Copied {
  cluster: string;
  saying: Saying;
  options: Partial<SayOptions> & Pick<SayOptions, 'expires'> & { digest?: string };
}

const ownFields: Record<Saying['kind'], string[]> = {
  vote: ['gate', 'decision'],
  resolveStep: ['stepId', 'since', 'action'],
  abort: [],
  supersede: [],
};

/**
 * `--print --from`: signs what was copied from the run's page, on a machine that cannot reach Temporal. The plan cannot be
 * shown here, only its digest, so nothing is signed that is not understood wholly, and the person confirms it.
 */
export async function signCopied(context: Context, { cluster, saying, options }: Copied): Promise<void> {
  const { from = '-', digest: quoted } = options;
  const copied = understood(await readCopied(context, from), saying.kind);
  requireAbout(copied, cluster);
  const reason = options.reason ?? copied['reason'] ?? '';
  if (isBlank(reason)) throw refused('says no reason', 'Say why with --reason; it stands in the report.');
  const named = options.by ?? (isBlank(copied['by']) ? undefined : copied['by']);
  const by = await signerName(context, { cluster, by: named, key: options.key });
  const { kind: _, ...decided } = saying;
  const { signature: __, ...rest } = copied;
  const statement = { ...rest, ...decided, ...saidNow(context, by, { reason, expires: options.expires }) };
  showInWords(context, statement);
  if (saying.kind === 'vote' && saying.decision === 'approve') {
    await confirmPlan(context, { cluster, risk: undefined, digest: copied['plan'] ?? '', quoted });
  }
  printForPasting(context, { ...statement, signature: await sign(context, statement, options.key) });
}

/** All fields of such a statement and no others, each a visible text. */
function understood(text: string, kind: Saying['kind']): Statement {
  const fields = fieldsOf(parsed(text));
  if (!fields) throw refused('is not one JSON object', 'Copy the whole line from { to } on the run’s page.');
  const wanted = [...ownFields[kind], 'by', 'reason', ...signedFieldNames];
  if (fields['kind'] === undefined) {
    throw refused(
      'is no statement to be signed: "kind" is missing',
      'Where approvals are open, paste it as it is.',
    );
  }
  if (fields['kind'] !== kind)
    throw refused(`is a ${show(fields['kind'])}, not a ${kind}`, 'Use the command for it.');
  const strange = Object.keys(fields).find((name) => ![...wanted, 'signature'].includes(name));
  if (strange !== undefined) throw refused(`has a field ${show(strange)} that cpr does not know`, newerPage);
  const absent = wanted.find((name) => typeof fields[name] !== 'string');
  if (absent !== undefined) throw refused(`has no ${absent}, or one that is no text`, newerPage);
  const hidden = wanted.find((name) => new RegExp(invisible, 'u').test(String(fields[name])));
  if (hidden !== undefined) throw refused(`has invisible characters in ${hidden}`, newerPage);
  return fields as Statement;
}

const newerPage =
  'Copy it anew from the run’s page, whole; a worker that is newer than this cpr may write more.';

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function requireAbout(copied: Statement, cluster: string): void {
  if (copied['cluster'] !== cluster) {
    throw refused(
      `is for the cluster ${show(copied['cluster'])}, not for ${cluster}`,
      'Look which one you mean.',
    );
  }
  if (copied['workflow'] !== recoveryWorkflowId(cluster)) {
    throw refused(`is for ${show(copied['workflow'])}, which is no recovery of ${cluster}`, newerPage);
  }
  if (!/^([0-9a-f]{64})?$/.test(copied['plan'] ?? ''))
    throw refused('names no plan by its digest', newerPage);
}

async function readCopied({ io }: Context, from: string): Promise<string> {
  if (from !== '-') {
    return readFile(from, 'utf8').catch((error: Error) => {
      throw failure('BadUsage', { what: `--from: ${from} cannot be read: ${error.message}` });
    });
  }
  if (io.interactive) return (await io.ask('The JSON from the Web UI: ', io.signal)) ?? '';
  const { text } = await import('node:stream/consumers');
  return text(process.stdin);
}

function show(value: unknown): string {
  return JSON.stringify(typeof value === 'string' ? value.slice(0, 80) : value) ?? 'nothing';
}

function refused(what: string, next: string): Error {
  return failure('BadUsage', { what: `What was copied ${what}. Nothing was signed.`, next });
}
