import { isIP } from 'node:net';
import { bech32 } from '@scure/base';
import { z } from 'zod';
import { defaultEtcdPolicy, type SnapshotRetention } from '../../domain/etcd/policy.ts';
import { defaultPolicy } from '../../domain/policy.ts';
import { durationExamples, formatDuration, parseDuration } from './duration.ts';

/**
 * The inventory as people write it. What every key means stands in docs/configuration.md; a test keeps both equal.
 * Messages say only what was expected; `problems.ts` puts file, line, path and the value found around them.
 */

const dnsLabels = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** A cluster's name becomes part of workflow ids, task queues and paths. */
const clusterName = z
  .string()
  .max(63, 'expected at most 63 characters')
  .regex(dnsLabels, 'expected a name of lower-case letters, digits, dots and dashes');

const nodeName = z
  .string()
  .max(253, 'expected at most 253 characters')
  .regex(dnsLabels, 'expected the name of the Node object: lower-case letters, digits, dots and dashes');

const text = z.string('expected a text').trim().min(1, 'expected a text that is not empty');
const path = z.string('expected the path of a file').min(1, 'expected the path of a file');

function duration(range: { min: string; max: string }) {
  const [min, max] = [parseDuration(range.min) ?? 0, parseDuration(range.max) ?? 0];
  return z.string(`expected ${durationExamples}`).transform((written, context) => {
    const ms = parseDuration(written);
    if (ms === undefined) context.addIssue(`expected ${durationExamples}`);
    else if (ms < min || ms > max) {
      context.addIssue(`expected a duration from ${formatDuration(min)} to ${formatDuration(max)}`);
    }
    return ms ?? 0;
  });
}

const voteCount = z
  .number('expected a number of approvers')
  .int('expected a whole number of approvers')
  .min(1, 'expected at least 1: nothing is ever approved by itself')
  .max(9, 'expected at most 9');

const votes = z.strictObject({
  reversible: voteCount.default(defaultPolicy.votes.reversible),
  irreversible: voteCount.default(defaultPolicy.votes.irreversible),
  breakGlass: voteCount.default(defaultPolicy.votes.breakGlass),
});

const etcd = z.strictObject({
  seenFor: duration({ min: '0s', max: '1h' }).prefault(formatDuration(defaultEtcdPolicy.seenForMs)),
  operatorGrace: duration({ min: '0s', max: '1d' }).prefault(
    formatDuration(defaultEtcdPolicy.operatorGraceMs),
  ),
  rollOutStandstill: duration({ min: '30s', max: '1d' }).prefault(
    formatDuration(defaultEtcdPolicy.rollOutStandstillMs),
  ),
  patience: duration({ min: '0s', max: '1d' }).prefault(formatDuration(defaultEtcdPolicy.patienceMs)),
  machinePatience: duration({ min: '0s', max: '1d' }).prefault(
    formatDuration(defaultEtcdPolicy.machinePatienceMs),
  ),
  raftGap: z
    .number('expected a number of raft entries')
    .int('expected a whole number of raft entries')
    .min(1, 'expected at least 1')
    .max(100_000, 'expected at most 100000')
    .default(defaultEtcdPolicy.raftGapAtMost),
  inPlace: z.boolean('expected true or false').default(defaultEtcdPolicy.inPlace),
});

const policy = z.strictObject({
  gateDeadline: duration({ min: '10s', max: '30d' }).prefault(formatDuration(defaultPolicy.gateDeadlineMs)),
  remindEvery: duration({ min: '10s', max: '30d' }).prefault(formatDuration(defaultPolicy.remindEveryMs)),
  reobserveEvery: duration({ min: '5s', max: '1d' }).prefault(formatDuration(defaultPolicy.reobserveEveryMs)),
  soak: duration({ min: '0s', max: '1d' }).prefault(formatDuration(defaultPolicy.soakMs)),
  damping: duration({ min: '0s', max: '30d' }).prefault(formatDuration(defaultPolicy.dampingMs)),
  votes: votes.prefault({}),
  etcd: etcd.prefault({}),
});

/** A public key with a wrong letter in it encrypts to nobody: it is noticed here, and not in the middle of a recovery. */
const recipient = z
  .string('expected a public key of age (age1…)')
  .refine(isAgeRecipient, 'expected a public key of age (age1…), every letter of it');

const keepExamples = 'a number of copies from 1 to 1000, or a duration from 1h to 3650d';

/** `5` copies, or all that are younger than `30d`. */
const keep = z.union([z.number(), z.string()], `expected ${keepExamples}`).transform((written, context) => {
  const kept = keptBy(written);
  if (kept === undefined) context.addIssue(`expected ${keepExamples}`);
  return kept ?? { copies: 1 };
});

const snapshots = z.strictObject({
  directory: z.string('expected the path of a directory').min(1, 'expected the path of a directory'),
  recipient,
  keep: keep.prefault(5),
});

const approvals = z.enum(['open', 'signed'], {
  error: () => 'expected `open` or `signed`, or no such key: then cpr observes and plans, but never acts',
});

const approvers = z.strictObject({ allowedSigners: path, revoked: path.optional() });

const master = z.strictObject({
  address: z
    .string('expected an IP address')
    .refine((written) => isIP(written) !== 0, 'expected an IP address'),
});

const nodeAccess = z.enum(['ssh', 'pod'], { error: () => 'expected `ssh` or `pod`' });

/** A tag may mean another image tomorrow. */
const nodePod = z.strictObject({
  image: z
    .string('expected an image with its digest (…@sha256:…)')
    .regex(/^\S+@sha256:[0-9a-f]{64}$/, 'expected an image with its digest (…@sha256:…)'),
});

const ssh = z.strictObject({ user: text.default('core'), config: path.optional() });

const cluster = z
  .strictObject({
    api: z.strictObject({ kubeconfig: path, context: text.optional() }),
    ssh: ssh.prefault({}),
    nodeAccess: nodeAccess.default('ssh'),
    nodePod: nodePod.optional(),
    masters: atLeastOne(z.record(nodeName, master), 'master').superRefine(refuseSharedAddress),
    approvals: approvals.optional(),
    approvers: approvers.optional(),
    snapshots: snapshots.optional(),
    policy: policy.prefault({}),
  })
  .superRefine(requireApproversWhenSigned);

export const inventorySchema = z.strictObject({
  clusters: atLeastOne(z.record(clusterName, cluster), 'cluster'),
});

export type WrittenCluster = z.output<typeof cluster>;

function atLeastOne<T extends z.ZodRecord>(record: T, what: string): T {
  return record.refine((entries) => Object.keys(entries).length > 0, `expected at least one ${what}`);
}

/** Two names for one machine would let a repair of one break the other, with both "healthy" in between. */
function refuseSharedAddress(
  masters: Record<string, { address: string }>,
  context: z.RefinementCtx<Record<string, { address: string }>>,
): void {
  const owners = new Map<string, string>();
  for (const [name, { address }] of Object.entries(masters)) {
    const owner = owners.get(address);
    if (owner === undefined) owners.set(address, name);
    else {
      const message = `expected an address of its own: ${owner} has the same`;
      context.addIssue({ code: 'custom', path: [name, 'address'], message, input: address });
    }
  }
}

/** A file of approvers whom nobody asks looks, to its reader, like a cluster that is guarded. */
function requireApproversWhenSigned(
  written: { approvals?: 'open' | 'signed' | undefined; approvers?: unknown },
  context: z.RefinementCtx,
): void {
  const signed = written.approvals === 'signed';
  if (signed === (written.approvers !== undefined)) return;
  const message = signed
    ? 'expected `allowedSigners: FILE`: with `approvals: signed` only the keys in it count'
    : 'expected only with `approvals: signed`: without that no signature is asked for';
  context.addIssue({ code: 'custom', path: ['approvers'], message });
}

function isAgeRecipient(key: string): boolean {
  const decoded = bech32.decodeUnsafe(key);
  return (
    key.startsWith('age1') &&
    decoded?.prefix === 'age' &&
    bech32.fromWordsUnsafe(decoded.words)?.length === 32
  );
}

function keptBy(written: number | string): SnapshotRetention | undefined {
  if (typeof written === 'number')
    return Number.isInteger(written) && written >= 1 && written <= 1000 ? { copies: written } : undefined;
  const forMs = parseDuration(written);
  const [least, most] = [3_600_000, 3650 * 86_400_000];
  return forMs !== undefined && forMs >= least && forMs <= most ? { forMs } : undefined;
}
