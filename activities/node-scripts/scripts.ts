import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Every script that may run on a node. Those that observe, read or stream change nothing there. */
export const nodeScripts = [
  'observe-kubelet.sh',
  'read-bootstrap.sh',
  'observe-etcd.sh',
  'hash-etcd.sh',
  'back-up-kubelet.sh',
  'install-bootstrap.sh',
  'restart-kubelet.sh',
  'restore-kubelet.sh',
  'conclude-run.sh',
  'read-members.sh',
  'snapshot-etcd.sh',
  'stream-snapshot.sh',
  'change-member.sh',
  'quarantine-etcd.sh',
  'restore-etcd.sh',
  'relink-certificate.sh',
  'make-kubelet-key.sh',
  'install-certificate.sh',
  'withdraw-admin.sh',
  'install-admin.sh',
] as const;

export type NodeScriptName = (typeof nodeScripts)[number];

export interface ScriptCall {
  runId: string;
  step: string;
  nonce: string;
  args: string[];
  input: string;
}

/** What some scripts have in common, between the prelude and their own text. */
const parts: Partial<Record<NodeScriptName, string[]>> = {
  'observe-kubelet.sh': ['ask-api.sh', 'kubelet-credentials.sh', 'kubelet-leftovers.sh'],
  'restart-kubelet.sh': ['ask-api.sh'],
  'relink-certificate.sh': ['ask-api.sh'],
  'install-certificate.sh': ['ask-api.sh'],
  'withdraw-admin.sh': ['ask-api.sh'],
  'read-members.sh': ['etcd-member.sh'],
  'snapshot-etcd.sh': ['etcd-member.sh'],
  'stream-snapshot.sh': ['etcd-member.sh'],
  'change-member.sh': ['etcd-member.sh'],
  'quarantine-etcd.sh': ['etcd-member.sh', 'etcd-manifest.sh'],
  'restore-etcd.sh': ['etcd-member.sh', 'etcd-manifest.sh'],
};

const prelude = readScript('prelude.sh');
const bodies = new Map(
  nodeScripts.map((name) => [name, [...(parts[name] ?? []), name].map(readScript).join('')]),
);

/**
 * SHA-256 of what is sent, by script: a vote covers this code. To check one by hand:
 * `cat prelude.sh back-up-kubelet.sh | sha256sum`; `docs/node-access.md` says which have parts between the two.
 */
export function scriptHashes(): Record<NodeScriptName, string> {
  const hashes = nodeScripts.map((name) => {
    return [
      name,
      createHash('sha256')
        .update(prelude + bodyOf(name))
        .digest('hex'),
    ];
  });
  return Object.fromEntries(hashes) as Record<NodeScriptName, string>;
}

/** What `bash -s` reads. The whole stands in one group, so that half of it does nothing. */
export function scriptText(name: NodeScriptName, call: ScriptCall): string {
  const input = Buffer.from(call.input, 'utf8').toString('base64');
  const variables = { CPR_RUN: call.runId, CPR_STEP: call.step, CPR_NONCE: call.nonce, CPR_INPUT: input };
  return [
    '{',
    ...Object.entries(variables).map(([variable, value]) => `${variable}=${quote(value)}`),
    `set -- ${call.args.map(quote).join(' ')}`,
    prelude,
    bodyOf(name),
    '}',
    '',
  ].join('\n');
}

function bodyOf(name: NodeScriptName): string {
  const body = bodies.get(name);
  if (body === undefined) throw new Error(`no node script ${name}`);
  return body;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function readScript(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8');
}
