import canonicalize from 'canonicalize';
import { excerpt } from '../../domain/input.ts';
import type { SignatureRefusal, SignatureVerdict } from '../../domain/statement.ts';
import type { Approvers } from '../connections/cluster.ts';
import type { VerifyStatementInput } from '../contract.ts';
import { sentenceOf } from '../failure.ts';
import { linesThatProve, namesAnybody, readGuarded } from './signers.ts';
import { wasTouched } from './touch.ts';
import { checkAlone, principalsOf, verify, withDesk, type Asking, type Papers } from './ssh-keygen.ts';

type Refused = Extract<SignatureVerdict, { valid: false }>;

/** An RSA key of 16384 bits, in a certificate, makes less than 8 KiB. */
const SIGNATURE_BYTES = 16 * 1024;
const STATEMENT_BYTES = 64 * 1024;
/** Longer than any e-mail address. */
const NAME_LENGTH = 320;

/**
 * Who said it, as the system's ssh-keygen and the cluster's allowed-signers file answer that. Total: what cannot be
 * established proves nothing, with the reason. Throws only when `signal` aborts.
 */
export async function verifySignature(
  approvers: Approvers | undefined,
  { cluster, statement, signature }: VerifyStatementInput,
  signal: AbortSignal,
): Promise<SignatureVerdict> {
  const said = readStatement(statement, signature);
  if ('valid' in said) return said;
  const papers = await readSigners(approvers, cluster, said.by);
  if ('valid' in papers) return papers;
  try {
    return await withDesk({ ...papers, signature: said.signature }, (desk) =>
      judge({ text: said.text, desk, signal }, said, cluster),
    );
  } catch (error) {
    signal.throwIfAborted();
    return unusable(`The signature could not be checked on the worker of ${cluster}: ${hostFault(error)}.`);
  }
}

/** What was signed, by whom and with what, as far as these can be a signed statement at all. */
function readStatement(
  statement: Record<string, unknown>,
  signature: string,
): Refused | { text: string; by: string; signature: string } {
  const flat = Object.values(statement).every((value) => typeof value === 'string');
  const text = flat ? canonicalize(statement) : undefined;
  if (text === undefined || text.length > STATEMENT_BYTES) return bad('What was signed is no statement.');
  const { by } = statement;
  if (!isName(by)) {
    return refused(
      'WrongSigner',
      'The statement names nobody: "by" must be a name of the allowed-signers file.',
    );
  }
  if (isArmored(signature)) return { text, by, signature: `${signature.trim()}\n` };
  return bad('"signature" is no OpenSSH signature (-----BEGIN SSH SIGNATURE-----…).');
}

function isName(by: unknown): by is string {
  return typeof by === 'string' && by !== '' && by.length <= NAME_LENGTH && !/\p{Cc}/u.test(by);
}

function isArmored(signature: string): boolean {
  if (signature.length > SIGNATURE_BYTES) return false;
  const text = signature.trim();
  return text.startsWith('-----BEGIN SSH SIGNATURE-----\n') && text.endsWith('\n-----END SSH SIGNATURE-----');
}

async function readSigners(
  approvers: Approvers | undefined,
  cluster: string,
  by: string,
): Promise<Refused | Omit<Papers, 'signature'>> {
  if (!approvers) return unusable(`The worker's inventory names no approvers.allowedSigners for ${cluster}.`);
  const file = `The allowed-signers file of ${cluster} (approvers.allowedSigners)`;
  const signers = await readGuarded(approvers.allowedSigners);
  if ('unusable' in signers) return unusable(`${file} ${signers.unusable}.`);
  const all = signers.text.toString('utf8');
  if (!namesAnybody(all)) return unusable(`${file} names nobody: it is empty or holds only comments.`);
  const papers = { all, proving: linesThatProve(all, by) };
  if (approvers.revoked === undefined) return papers;
  const revoked = await readGuarded(approvers.revoked);
  if ('unusable' in revoked) return unusable(`${revocationList(cluster)} ${revoked.unusable}.`);
  return { ...papers, revoked: revoked.text };
}

async function judge(
  asking: Asking,
  { by, signature }: { by: string; signature: string },
  cluster: string,
): Promise<SignatureVerdict> {
  const proved = await verify(asking, by);
  if (proved.yes && wasTouched(signature) === false)
    return bad(`The hardware key ${proved.key} was not touched: use one that asks for it.`);
  if (proved.yes) return { valid: true, proof: { principal: by, key: proved.key } };
  if (/sshkey_check_revoked: (?!Key is revoked)/.test(proved.why)) {
    return unusable(
      `${revocationList(cluster)} is neither a revocation list of ssh-keygen nor a list of keys.`,
    );
  }
  const alone = await checkAlone(asking);
  if (!alone.yes) return bad(badness(alone.why));
  if (proved.why.includes('Key is revoked')) {
    return refused('RevokedKey', `The key ${alone.key} is revoked: sign with another one.`);
  }
  return stranger(asking, { by, cluster, key: alone.key, why: proved.why });
}

/** The signature is good, but does not prove the name. */
async function stranger(
  asking: Asking,
  { by, cluster, key, why }: { by: string; cluster: string; key: string; why: string },
): Promise<Refused> {
  const own = lineFault(why);
  if (own?.malformed)
    return unusable(`The allowed-signers file of ${cluster} is malformed: ${own.sentence}.`);
  if (own) return refused('UnknownKey', `The key ${key} does not count: ${own.sentence}.`);
  const owners = await principalsOf(asking);
  if (owners.names.length > 0) return refused('WrongSigner', wrongSigner(key, owners.names, by));
  const other = lineFault(owners.why);
  const advice = other ? other.sentence : 'sign with a key that stands there, or have it added';
  return refused('UnknownKey', `The key ${key} is not in the allowed-signers file of ${cluster}: ${advice}.`);
}

function wrongSigner(key: string, owners: string[], by: string): string {
  const names = owners.slice(0, 3).map((name) => excerpt(name, 80));
  const pattern = owners.some((name) => /[*?!]/.test(name));
  const advice = pattern
    ? 'a pattern proves no name; have the name itself added'
    : 'put your own name into "by"';
  return `The key ${key} is that of ${names.join(', ')}, not of ${excerpt(by, 80)}: ${advice}.`;
}

function badness(why: string): string {
  if (why.includes('namespace does not match')) {
    return 'The signature was made for another purpose: sign with `-n control-plane-recovery`.';
  }
  if (why.includes('incorrect signature')) {
    return 'The signature is not over exactly these fields: one was altered after signing, or was not signed.';
  }
  return '"signature" is damaged: copy it whole, from BEGIN to END.';
}

/**
 * What ssh-keygen says about a line of the allowed-signers file, `<path>:<line>: key has expired: …`, without the path.
 * A certificate of somebody else is no fault of the line.
 */
function lineFault(stderr: string): { malformed: boolean; sentence: string } | undefined {
  const [, line, complaint = ''] = /^\/\S+:(\d+): (.+)$/m.exec(stderr) ?? [];
  if (line === undefined || complaint.includes('not a listed principal')) return undefined;
  const malformed = /^(bad|invalid|missing|unexpected|unsupported|error|parse)/i.test(complaint);
  return { malformed, sentence: `line ${line}: ${complaint.trim().slice(0, 160)}` };
}

function hostFault(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'it has no ssh-keygen; install OpenSSH there';
  return sentenceOf(error);
}

function revocationList(cluster: string): string {
  return `The list of revoked keys of ${cluster} (approvers.revoked)`;
}

function bad(sentence: string): Refused {
  return refused('BadSignature', sentence);
}

/** Nobody's word counts then, so it says that too. */
function unusable(sentence: string): Refused {
  return refused('SignersUnusable', `${sentence} No signature counts before that is put right.`);
}

function refused(reason: SignatureRefusal, sentence: string): Refused {
  return { valid: false, refused: reason, sentence };
}
