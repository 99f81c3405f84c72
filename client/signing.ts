import canonicalize from 'canonicalize';
import { signatureNamespace, type Statement } from '../domain/statement.ts';
import type { Context } from './context.ts';
import { failure } from './failure.ts';
import { withSigningKey } from './signing-key.ts';
import { runTool } from './tool.ts';

/**
 * The OpenSSH signature over a statement, made by the person's own ssh-keygen: passphrase, agent and a touch of the hardware
 * key are its business and the terminal's, so no key ever passes through here.
 * Throws `NoSigningKey`, `NotSigned`, or `Cancelled` on Ctrl-C.
 */
export function sign(context: Context, statement: Statement, key: string | undefined): Promise<string> {
  return withSigningKey(context, key, async (file) => {
    const argv = ['-Y', 'sign', '-n', signatureNamespace, '-f', file];
    const { code, out, err } = await runTool(context, 'ssh-keygen', argv, canonicalize(statement) ?? '');
    if (code === 0 && out.startsWith('-----BEGIN SSH SIGNATURE-----')) return out;
    throw failure('NotSigned', {
      what: `ssh-keygen made no signature with ${file}${whatItSaid(err)}.`,
      next: remedy(err),
    });
  });
}

function whatItSaid(err: string): string {
  const line = err.split('\n').findLast((each) => each.trim() !== '' && !each.startsWith('Signing data'));
  return line === undefined ? '' : `: ${line.trim().replace(/\.$/, '')}`;
}

function remedy(err: string): string {
  // At a terminal the person has read ssh-keygen's own words already.
  if (err === '')
    return 'What it said stands above. A hardware key must be plugged in and touched; --key names another key.';
  if (/passphrase|private key|agent|No such file/i.test(err)) {
    return 'Run it at a terminal, where the passphrase can be typed, or put the key into ssh-agent (`ssh-add`), or name another with --key.';
  }
  return 'Try `ssh-keygen -Y sign -n test -f <key> <file>` by hand: a hardware key must be plugged in and touched.';
}
