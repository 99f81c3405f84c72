import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signatureNamespace } from '../../domain/statement.ts';
import { runBounded, type CommandEnd } from '../connections/bounded-command.ts';

/** What one verification needs as files, in a directory that only we can read, gone when `work` has ended. */
export interface Desk {
  /** Allowed signers: only the lines that can prove the name. */
  proving: string;
  /** Allowed signers: all of it, to say whose key it is. */
  all: string;
  signature: string;
  revoked?: string;
}

export interface Papers {
  proving: string;
  all: string;
  signature: string;
  revoked?: Buffer;
}

/**
 * Copies, so that all questions are asked of the same text: the files may be replaced in between, and by `cp` they are for a
 * moment empty.
 */
export async function withDesk<T>(papers: Papers, work: (desk: Desk) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'cpr-verify-'));
  const put = async (name: string, content: string | Buffer) => {
    const path = join(directory, name);
    await writeFile(path, content, { mode: 0o600, flag: 'wx' });
    return path;
  };
  try {
    const desk: Desk = {
      proving: await put('proving', papers.proving),
      all: await put('all', papers.all),
      signature: await put('signature', papers.signature),
    };
    if (papers.revoked) desk.revoked = await put('revoked', papers.revoked);
    return await work(desk);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

export interface Asking {
  text: string;
  desk: Desk;
  signal: AbortSignal;
}

export type Answer = { yes: true; key: string } | { yes: false; why: string };

/** Is it a signature over this text, by a key that the file gives to this name, and not revoked? */
export async function verify({ text, desk, signal }: Asking, name: string): Promise<Answer> {
  const revocation = desk.revoked === undefined ? [] : ['-r', desk.revoked];
  // Without -vvv it does not say that the key is revoked.
  const argv = ['-vvv', '-Y', 'verify', '-f', desk.proving, '-I', name, '-s', desk.signature, ...revocation];
  const end = await keygen([...argv, '-n', signatureNamespace], text, signal);
  return answerOf(end, `Good "${signatureNamespace}" signature for ${name} with `);
}

/** Is it a signature over this text in our namespace, by whatever key? */
export async function checkAlone({ text, desk, signal }: Asking): Promise<Answer> {
  const argv = ['-Y', 'check-novalidate', '-s', desk.signature, '-n', signatureNamespace];
  return answerOf(await keygen(argv, text, signal), `Good "${signatureNamespace}" signature with `);
}

/** To whom the file gives the key: names, or patterns as they stand there. */
export async function principalsOf({ desk, signal }: Asking): Promise<{ names: string[]; why: string }> {
  const end = await keygen(['-Y', 'find-principals', '-s', desk.signature, '-f', desk.all], '', signal);
  const lines = end.code === 0 ? end.stdout.split('\n').flatMap((line) => line.split(',')) : [];
  return { names: lines.filter((name) => name !== ''), why: end.stderr };
}

/**
 * Exit code and sentence must both say yes. The name is the person's own text, so the sentence is compared as a whole, and
 * only what follows the name is read: `ED25519 key SHA256:…`, `ED25519-CERT key …`, `ED25519-SK key …`.
 */
function answerOf(end: CommandEnd, beginning: string): Answer {
  const line = end.stdout.split('\n').find((each) => each.startsWith(beginning)) ?? '';
  const key = /^[A-Z0-9-]+ key (SHA256:[A-Za-z0-9+/]{43})$/.exec(line.slice(beginning.length))?.[1];
  if (end.code === 0 && key !== undefined) return { yes: true, key };
  return { yes: false, why: end.stderr };
}

const TIMEOUT_MS = 8_000;
const OUTPUT_BYTES = 64 * 1024;

/** Throws when ssh-keygen cannot be run or does not end: then nothing is known about the signature. */
async function keygen(args: string[], input: string, signal: AbortSignal): Promise<CommandEnd> {
  const end = await runBounded(['ssh-keygen', ...args], input, {
    timeoutMs: TIMEOUT_MS,
    stdoutBytes: OUTPUT_BYTES,
    signal,
  });
  if (end.cut !== undefined) throw new Error(`ssh-keygen was ended: ${end.cut}`);
  return end;
}
