import { parse } from 'yaml';
import type { DataDirectory, EtcdHost, EtcdLogSign } from '../../../domain/etcd/observation.ts';
import { redact } from '../../redact.ts';
import { databaseFault, logFault } from './data-files.ts';

/** What a node script said, key by key. Any byte may stand in a value. */
export type Values = Readonly<Record<string, string>>;

/** Pure. Throws an Error that names the key which is missing or makes no sense: then nothing of it is believed. */
export function parseHost(values: Values): EtcdHost {
  return {
    data: parseData(values),
    manifest: parseManifest(values),
    certificates: parseCertificateFiles(need(values, 'certificates')),
    log: parseLog(need(values, 'log')),
  };
}

/** A snapshot is written beside the data, and then goes to a directory that may lie on another file system: both must have room. */
export function parseRoom(values: Values): { freeBytes: number } {
  const rooms = ['room', 'data.free'].map((key) => count(need(values, key), key));
  return { freeBytes: Math.min(...rooms) };
}

function parseData(values: Values): DataDirectory {
  const state = need(values, 'data.state');
  if (state !== 'present' && state !== 'empty' && state !== 'missing')
    throw new Error(`data.state: '${redact(state, 40)}' is not a state`);
  // Without data there are no files to find fault with.
  const found =
    state === 'present'
      ? [databaseFault(need(values, 'data.database')), logFault(need(values, 'data.log'))]
      : [];
  return {
    state,
    faults: found.filter((fault) => fault !== undefined),
    freeBytes: count(need(values, 'data.free'), 'data.free'),
    writable: need(values, 'data.writable') === 'yes',
    ownMount: need(values, 'data.ownMount') === 'yes',
  };
}

/**
 * Compared with the copy of the revision that it claims to be; one whose copy is not there, as on a control plane that no
 * operator installed, differs from nothing.
 */
function parseManifest(values: Values): EtcdHost['manifest'] {
  const body = values['manifest.body'];
  if (body === undefined) return { state: 'missing' };
  const sha256 = need(values, 'manifest.sha256');
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Error('manifest.sha256: expected a SHA-256');
  const revision = revisionIn(body);
  if (revision === undefined) return { state: 'unparsable', sha256 };
  const copies = need(values, 'manifest.copies').split('\n');
  const copy = copies.find((line) => line.startsWith(`${revision} `));
  return { state: copy === undefined || copy === `${revision} ${sha256}` ? 'present' : 'differs', sha256 };
}

/** The label of a static pod's manifest; empty when it has none, undefined when it is no pod. */
function revisionIn(body: string): string | undefined {
  try {
    const pod = (body.trimStart().startsWith('{') ? JSON.parse(body) : parse(body)) as PodManifest | null;
    if (pod?.kind !== 'Pod') return undefined;
    const revision = pod.metadata?.labels?.['revision'];
    return typeof revision === 'string' || typeof revision === 'number' ? String(revision) : '';
  } catch {
    return undefined;
  }
}

interface PodManifest {
  kind?: unknown;
  metadata?: { labels?: Record<string, unknown> };
}

/** Worst first. */
const fileStates = ['missing', 'unparsable', 'key-mismatch', 'expired', 'usable'] as const;

/** Lines of `<state> <name>`. */
function parseCertificateFiles(text: string): EtcdHost['certificates'] {
  const files = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '));
  if (files.length === 0 || files.some(([state]) => !fileStates.some((one) => one === state)))
    throw new Error(`certificates: '${redact(text, 80)}' makes no sense`);
  const state = fileStates.find((one) => files.some(([said]) => said === one)) ?? 'missing';
  const named = files.filter(([said]) => said === state && state !== 'usable');
  return { state, detail: named.map(([, name = '']) => redact(name, 260)).join(', ') };
}

const signs: readonly EtcdLogSign[] = [
  'dataDestroyed',
  'dataCorrupt',
  'addressRefused',
  'certificateUnusable',
  'certificateRejected',
  'removed',
  'diskFull',
];

function parseLog(text: string): EtcdHost['log'] {
  const counted = new Map(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [name = '', number = ''] = line.split('=');
        return [name, count(number, name)];
      }),
  );
  return Object.fromEntries(signs.map((sign) => [sign, counted.get(sign) ?? 0])) as EtcdHost['log'];
}

function need(values: Values, key: string): string {
  const value = values[key];
  if (value === undefined) throw new Error(`the node script said nothing about ${key}`);
  return value;
}

function count(text: string, key: string): number {
  if (!/^\d{1,15}$/.test(text.trim()))
    throw new Error(`${redact(key, 40)}: expected a number, got '${redact(text, 40)}'`);
  return Number(text.trim());
}
