import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import canonicalize from 'canonicalize';
import { signatureNamespace, type Statement } from '../../domain/statement.ts';

/** Real keys in a directory of their own, made and used by the system's ssh-keygen. */
export interface KeyRing {
  directory: string;
  path: (name: string) => string;
  /** Makes a key; its private half is `path(name)`. */
  make: (name: string, type?: 'ed25519' | 'ecdsa' | 'rsa') => void;
  publicKey: (name: string) => string;
  fingerprint: (name: string) => string;
  write: (name: string, text: string, mode?: number) => string;
  keygen: (...args: string[]) => string;
  sign: (name: string, statement: Statement, namespace?: string) => string;
  remove: () => void;
}

export function keyRing(): KeyRing {
  const directory = mkdtempSync(join(tmpdir(), 'cpr-keys-'));
  const path = (name: string) => join(directory, name);
  const keygen = (...args: string[]) =>
    execFileSync('ssh-keygen', args, { cwd: directory, encoding: 'utf8' });
  const publicKey = (name: string) => readFileSync(path(`${name}.pub`), 'utf8').trim();
  return {
    directory,
    path,
    keygen,
    publicKey,
    make: (name, type = 'ed25519') => void keygen('-q', '-t', type, '-N', '', '-C', name, '-f', path(name)),
    fingerprint: (name) => keygen('-l', '-f', path(`${name}.pub`)).split(' ')[1] ?? '',
    write: (name, text, mode = 0o600) => {
      rmSync(path(name), { force: true });
      writeFileSync(path(name), text, { mode });
      return path(name);
    },
    sign: (name, statement, namespace = signatureNamespace) => signWith(path(name), statement, namespace),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function signWith(key: string, statement: Statement, namespace: string): string {
  const input = canonicalize(statement);
  const { stdout, stderr } = spawnSync('ssh-keygen', ['-Y', 'sign', '-n', namespace, '-f', key], {
    input,
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  return stdout;
}
