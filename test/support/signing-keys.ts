import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
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
  addTo: (agent: NodeJS.ProcessEnv, name: string) => void;
  /** By an ssh-agent that holds the key; on the disk lies only its public half. */
  signWithAgent: (name: string, statement: Statement) => string;
  remove: () => void;
}

export function keyRing(): KeyRing {
  const directory = mkdtempSync(join(tmpdir(), 'cpr-keys-'));
  const path = (name: string) => join(directory, name);
  const signatures = new Map<string, string>();
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
      writeFileSync(path(name), text);
      chmodSync(path(name), mode);
      return path(name);
    },
    sign: (name, statement, namespace = signatureNamespace) => {
      // Many tests need the same signature; each costs a process.
      const id = JSON.stringify([name, statement, namespace]);
      const made = signatures.get(id) ?? signWith(path(name), statement, namespace);
      signatures.set(id, made);
      return made;
    },
    addTo: (env, name) => void execFileSync('ssh-add', ['-q', path(name)], { env, stdio: 'pipe' }),
    signWithAgent: (name, statement) => {
      const lonely = join(directory, 'lonely');
      mkdirSync(lonely);
      copyFileSync(path(`${name}.pub`), join(lonely, 'key.pub'));
      const agent = startAgent(join(directory, 'agent'));
      try {
        execFileSync('ssh-add', ['-q', path(name)], { env: agent.env, stdio: 'pipe' });
        return signWith(join(lonely, 'key.pub'), statement, signatureNamespace, agent.env);
      } finally {
        agent.stop();
      }
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Ends by `stop`; never the agent of whoever runs the tests. */
export function startAgent(socket: string): { env: NodeJS.ProcessEnv; stop: () => void } {
  const said = execFileSync('ssh-agent', ['-s', '-a', socket], { encoding: 'utf8' });
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(said)?.[1]);
  return { env: { ...process.env, SSH_AUTH_SOCK: socket }, stop: () => void process.kill(pid) };
}

function signWith(key: string, statement: Statement, namespace: string, env = process.env): string {
  const { stdout, stderr } = spawnSync('ssh-keygen', ['-Y', 'sign', '-n', namespace, '-f', key], {
    input: canonicalize(statement),
    encoding: 'utf8',
    env,
  });
  if (stdout === '') throw new Error(stderr);
  return stdout;
}
