import { access, constants, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from './context.ts';
import { failure } from './failure.ts';
import { runTool } from './tool.ts';

/**
 * The key to sign with: `--key`, `CPR_SIGNING_KEY`, else the one key of ssh-agent. A public key file names one that the agent
 * holds. Several keys in the agent are no choice: the first of them is whatever was added first.
 */
export async function withSigningKey<T>(
  context: Context,
  named: string | undefined,
  work: (file: string) => Promise<T>,
): Promise<T> {
  const file = namedKey(context, named);
  if (file !== undefined) return work(await readable(file));
  const directory = await mkdtemp(join(tmpdir(), 'cpr-key-'));
  try {
    const path = join(directory, 'agent.pub');
    await writeFile(path, `${await onlyKeyOfAgent(context)}\n`);
    return await work(path);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The key's public half, as `ssh-ed25519 AAAA…`; undefined when only ssh-keygen could tell it, by asking for a passphrase. */
export async function publicKeyOf(context: Context, named: string | undefined): Promise<string | undefined> {
  const file = namedKey(context, named);
  if (file === undefined) return onlyKeyOfAgent(context).catch(() => undefined);
  const path = file.endsWith('.pub') ? file : `${file}.pub`;
  return readFile(path, 'utf8').catch(() => undefined);
}

function namedKey({ io }: Context, named: string | undefined): string | undefined {
  const written = named ?? io.env['CPR_SIGNING_KEY'];
  if (!written) return undefined;
  return written.startsWith('~/') ? join(homedir(), written.slice(2)) : written;
}

async function readable(file: string): Promise<string> {
  try {
    await access(file, constants.R_OK);
    return file;
  } catch {
    throw failure('NoSigningKey', {
      what: `The key ${file} does not exist or cannot be read.`,
      next: 'Name a private key, or the .pub file of one that ssh-agent holds, with --key or CPR_SIGNING_KEY.',
    });
  }
}

async function onlyKeyOfAgent(context: Context): Promise<string> {
  const { code, out } = await runTool(context, 'ssh-add', ['-L']);
  const keys = code === 0 ? out.split('\n').filter((line) => line !== '') : [];
  const [only] = keys;
  if (only !== undefined && keys.length === 1) return only;
  throw failure('NoSigningKey', {
    what:
      keys.length === 0
        ? 'Approvals here are signed, no key was named, and ssh-agent holds none.'
        : `Approvals here are signed, and ssh-agent holds ${keys.length} keys: ${keys.map(commentOf).join(', ')}.`,
    next: 'Name your key with --key or CPR_SIGNING_KEY: the private key, or the .pub file of one that ssh-agent holds.',
  });
}

function commentOf(key: string): string {
  const [type = '', , ...comment] = key.split(' ');
  return comment.join(' ') || type;
}
