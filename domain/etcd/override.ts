import { overrideKey } from './names.ts';
import type { EtcdOperator, Json } from './platform.ts';

/** One operation of a JSON patch (RFC 6902). */
export type PatchOperation =
  | { op: 'test'; path: string; value: Json }
  | { op: 'add' | 'replace'; path: string; value: Json }
  | { op: 'remove'; path: string };

/** Undefined: nothing to do. `conflict`: somebody else has changed our key, and it is not ours to put back. */
export type OverridePatch = { patch: PatchOperation[] } | { conflict: string } | undefined;

const field = '/spec/unsupportedConfigOverrides';
const key = `${field}/${overrideKey}`;

/** `strange`: the field holds no object, so no key can be set in it without losing what is there. */
export function overrideState(overrides: Json | undefined): 'off' | 'on' | 'strange' {
  if (overrides === undefined || overrides === null) return 'off';
  const keys = objectOf(overrides);
  if (!keys) return 'strange';
  const value = keys[overrideKey];
  // The operator takes the word as well as the truth value, and anything else for off.
  return value === true || value === 'true' ? 'on' : 'off';
}

/** Sets our key and touches no other. */
export function setOverride({ overrides, resourceVersion }: EtcdOperator): OverridePatch {
  const state = overrideState(overrides);
  if (state === 'on') return undefined;
  if (state === 'strange') return { conflict: 'unsupportedConfigOverrides holds no object' };
  const unchanged: PatchOperation = { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion };
  if (overrides === undefined || overrides === null) {
    return { patch: [unchanged, { op: 'add', path: field, value: { [overrideKey]: true } }] };
  }
  const same: PatchOperation = { op: 'test', path: field, value: overrides };
  return { patch: [unchanged, same, { op: 'add', path: key, value: true }] };
}

/**
 * Puts our key back to what it was `before` and leaves what others wrote meanwhile. A merge patch cannot do this: merged over
 * itself plus our key, the old object leaves the key on. And a field that was not there goes altogether: an empty object in
 * it blocks upgrades with "setting: []".
 */
export function restoreOverride(before: Json | undefined, now: EtcdOperator): OverridePatch {
  const { overrides } = now;
  const keys = objectOf(overrides);
  if (!keys || !(overrideKey in keys)) return undefined;
  const old = objectOf(before)?.[overrideKey];
  if (keys[overrideKey] === old) return undefined;
  if (overrideState(overrides) !== 'on') return { conflict: `${overrideKey} is no longer true` };
  const same: PatchOperation = { op: 'test', path: field, value: keys };
  if (old !== undefined) return { patch: [same, { op: 'replace', path: key, value: old }] };
  const wasAbsent = before === undefined || before === null;
  const isOurs = Object.keys(keys).length === 1;
  return { patch: [same, { op: 'remove', path: wasAbsent && isOurs ? field : key }] };
}

function objectOf(value: Json | undefined): Record<string, Json> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

/** What an override was set for, and how long it may stay. */
export interface OverrideLease {
  /** `latestAvailableRevision` when it was set. */
  revisionBefore: number;
  /** ISO 8601. */
  deadline: string;
}

/**
 * May it go again? A moment is too short: the operator has to have seen it and made its revision meanwhile. And too long is
 * unsafe: once the revision exists, the roll-out passes the gate by itself.
 */
export function leaseVerdict(
  { revisionBefore, deadline }: OverrideLease,
  { latestAvailableRevision }: Pick<EtcdOperator, 'latestAvailableRevision'>,
  now: string,
): 'keep' | 'served' | 'overdue' {
  if (latestAvailableRevision > revisionBefore) return 'served';
  return Date.parse(now) < Date.parse(deadline) ? 'keep' : 'overdue';
}
