import { readFile } from 'node:fs/promises';
import type { Context } from './context.ts';
import { failure } from './failure.ts';
import { hostUser } from './identity.ts';
import { publicKeyOf } from './signing-key.ts';

interface Who {
  cluster: string;
  /** `--by`. */
  by: string | undefined;
  key: string | undefined;
}

/**
 * The name to sign under: it must be, letter by letter, the one that the allowed-signers file gives to the key. `--by`,
 * `CPR_USER`, else what that file says where the inventory at hand has it, else the person is asked.
 */
export async function signerName(context: Context, { cluster, by, key }: Who): Promise<string> {
  const { io } = context;
  const said = by ?? io.env['CPR_USER'];
  if (said) return said;
  const file = (await context.inventory())?.allowedSigners?.get(cluster);
  const names = file === undefined ? [] : await namesOf(file, await publicKeyOf(context, key));
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  const question = 'Your name, as it stands in the allowed-signers file: ';
  const typed = io.interactive ? (await io.ask(question, io.signal))?.trim() : undefined;
  if (typed) return typed;
  throw failure('BadUsage', {
    what:
      names.length > 1
        ? `The allowed-signers file of ${cluster} gives this key to ${names.join(' and ')}.`
        : `Approvals of ${cluster} are signed: who signs is not known.`,
    where: file,
    next: 'Say it with --by or CPR_USER, written as in the allowed-signers file.',
  });
}

/** Where names are not proved, anything that tells people apart will do. */
export function claimedName({ io }: Context, by: string | undefined): string {
  return by ?? hostUser(io.env);
}

/** The names to which the file gives exactly this key; a pattern names nobody. */
async function namesOf(file: string, publicKey: string | undefined): Promise<string[]> {
  const blob = publicKey?.split(' ')[1]?.trim();
  const signers = await readFile(file, 'utf8').catch(() => '');
  if (!blob) return [];
  const lines = signers
    .split('\n')
    .filter((line) => !line.trim().startsWith('#') && line.split(/\s+/).includes(blob));
  const principals = lines.flatMap((line) => /^\s*(?:"([^"]*)"|(\S+))/.exec(line)?.slice(1) ?? []);
  const names = principals.flatMap((list) => list?.split(',') ?? []);
  return [...new Set(names)].filter((name) => name !== '' && !/[*?!]/.test(name));
}
