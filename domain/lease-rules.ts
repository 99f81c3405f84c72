import { excerpt, fieldsOf } from './input.ts';
import {
  hasOurValue,
  noteOf,
  noteText,
  noteWith,
  notePath,
  pointer,
  rawNote,
  valueAt,
  versionOf,
  whatStands,
  whoseNote,
  type Before,
} from './lease-note.ts';
import { leaseTargets, type Lease, type LeaseTarget, type LeaseTargetName } from './lease.ts';

/** RFC 6902. `test` goes first: the API server carries out all of it or nothing. */
export type JsonPatch = { op: 'test' | 'add' | 'remove' | 'replace'; path: string; value?: unknown }[];

export type SetJudgement =
  | { may: 'set'; patch: JsonPatch }
  /** It stands already, by this very lease. */
  | { may: 'held' }
  /** Somebody else's word stands there, or the object is not what we know: nothing is written. */
  | { may: 'foreign'; evidence: string[] };

/** May the lease's key be set in this object, and by which patch? */
export function judgeSet(object: unknown, lease: Lease): SetJudgement {
  const parent = valueAt(object, targetOf(lease).parent);
  if (isNoted(object, lease) && hasOurValue(parent, lease)) return { may: 'held' };
  const evidence = objections(object, parent, lease);
  return evidence.length > 0 ? { may: 'foreign', evidence } : { may: 'set', patch: setPatch(object, lease) };
}

/** Another's note, our key in another's hand, or a shape that we do not know. */
function objections(object: unknown, parent: unknown, lease: Lease): string[] {
  const { parent: path, key } = targetOf(lease);
  const holder = fieldsOf(parent);
  if (noteOf(object) !== 'none') return [whoseNote(object), whatStands(parent, lease)];
  if (holder && Object.hasOwn(holder, key)) return [whatStands(parent, lease), whoseNote(object)];
  if (parent !== undefined && parent !== null && !holder)
    return [`${pointer(path)} is no object but ${excerpt(parent)}`];
  const around = path.slice(0, -1);
  if (!fieldsOf(valueAt(object, around))) return [`${pointer(around) || 'the object'} is missing`];
  return versionOf(object) === undefined ? ['the object has no resourceVersion'] : [];
}

function setPatch(object: unknown, lease: Lease): JsonPatch {
  const { parent: path, key, value } = targetOf(lease);
  const parent = valueAt(object, path);
  const holder = fieldsOf(parent);
  const before: Before = parent === undefined ? 'absent' : { value: holder ?? null };
  const add: JsonPatch = holder
    ? [
        { op: 'test', path: pointer(path), value: holder },
        { op: 'add', path: pointer([...path, key]), value },
      ]
    : // The API server takes a test for null as passed where there is nothing: only the version tells the two apart.
      [{ op: 'add', path: pointer(path), value: { [key]: value } }];
  return [
    // The values alone would not do: they are the same again once a lease has been put back, and an attempt of long ago
    // that was stuck on its way would set it a second time. A version never comes back.
    { op: 'test', path: '/metadata/resourceVersion', value: versionOf(object) },
    ...add,
    noteWith(object, noteText({ ...lease, before })),
  ];
}

function isNoted(object: unknown, { id, target }: Lease): boolean {
  const note = noteOf(object);
  return typeof note === 'object' && note.id === id && note.target === target;
}

export type RestoreJudgement =
  | { is: 'ours'; patch: JsonPatch; sentence: string }
  | { is: 'gone'; sentence: string }
  /** `keyRemains`: it still stands in the object. `patch`: takes off our own note, which says what is no longer so. */
  | { is: 'foreign'; keyRemains: boolean; evidence: string[]; patch?: JsonPatch };

/** What is to be put back, and how, so that nobody else's word is touched? */
export function judgeRestore(object: unknown, lease: Lease): RestoreJudgement {
  const { parent: path, key } = targetOf(lease);
  const parent = valueAt(object, path);
  const keyRemains = fieldsOf(parent) !== undefined && Object.hasOwn(fieldsOf(parent)!, key);
  const note = noteOf(object);
  if (note === 'none' && !keyRemains)
    return { is: 'gone', sentence: `${key} is not set, and no lease is noted` };
  const evidence = [whatStands(parent, lease), whoseNote(object)];
  if (typeof note !== 'object' || !isNoted(object, lease)) return { is: 'foreign', keyRemains, evidence };
  const text = { op: 'test' as const, path: notePath, value: rawNote(object) };
  if (!keyRemains) {
    const version = { op: 'test' as const, path: '/metadata/resourceVersion', value: versionOf(object) };
    const patch: JsonPatch = [version, text, { op: 'remove', path: notePath }];
    return { is: 'foreign', keyRemains, evidence: [...evidence, ...left(parent, note.before)], patch };
  }
  if (!hasOurValue(parent, lease)) return { is: 'foreign', keyRemains, evidence };
  const { patch, sentence } = takeBack(fieldsOf(parent)!, note.before, lease);
  return { is: 'ours', patch: [text, ...patch, { op: 'remove', path: notePath }], sentence };
}

/** Other keys are not written at all, so that nothing of them can change. */
function takeBack(
  parent: Record<string, unknown>,
  before: Before,
  lease: Lease,
): { patch: JsonPatch; sentence: string } {
  const { parent: path, key, value } = targetOf(lease);
  const field = pointer(path);
  const ours = pointer([...path, key]);
  const others = Object.keys(parent).filter((name) => name !== key);
  if (others.length > 0) {
    const patch: JsonPatch = [
      { op: 'test', path: ours, value },
      { op: 'remove', path: ours },
    ];
    return { patch, sentence: `${key} is removed; ${others.join(', ')} stay as they are` };
  }
  const alone = { op: 'test' as const, path: field, value: { [key]: value } };
  if (before !== 'absent' && (before.value === null || Object.keys(before.value).length === 0)) {
    const sentence = `${key} is removed; ${field} is ${JSON.stringify(before.value)} again`;
    return { patch: [alone, { op: 'replace', path: field, value: before.value }], sentence };
  }
  // `{}` is not nothing: left behind, it keeps the operator from calling the cluster upgradeable.
  return {
    patch: [alone, { op: 'remove', path: field }],
    sentence: `${key} is removed, and ${field} with it`,
  };
}

/** Whoever removed the key by itself left the empty field that blocks upgrades: told, since it is no longer ours to mend. */
function left(parent: unknown, before: Before): string[] {
  const isEmpty = fieldsOf(parent) !== undefined && Object.keys(fieldsOf(parent)!).length === 0;
  return isEmpty && before === 'absent' ? ['an empty field was left that was absent before the lease'] : [];
}

/** What an object says about its lease. */
export type LeaseReading =
  | { state: 'free' }
  /**
   * Set and noted by the same lease; whether its owner still runs must be asked of Temporal. `back`: what putting it back
   * does, in the words of `judgeRestore`.
   */
  | { state: 'held'; lease: Lease; back: string }
  /** `noted`: the note of a lease is there, so a run has had to do with it. */
  | { state: 'foreign'; evidence: string[]; noted?: true };

export function readLeaseIn(object: unknown, target: LeaseTargetName): LeaseReading {
  const note = noteOf(object);
  const { parent: path, key } = leaseTargets[target];
  const parent = valueAt(object, path);
  const isSet = fieldsOf(parent) !== undefined && Object.hasOwn(fieldsOf(parent)!, key);
  if (note === 'none' && !isSet) return { state: 'free' };
  if (typeof note === 'object' && note.target === target) {
    const { before: _, ...lease } = note;
    const judged = judgeRestore(object, lease);
    if (judged.is === 'ours') return { state: 'held', lease, back: judged.sentence };
  }
  const evidence = [whatStands(parent, { target }), whoseNote(object)];
  return { state: 'foreign', evidence, ...(note === 'none' ? {} : { noted: true }) };
}

function targetOf({ target }: Lease): LeaseTarget {
  return leaseTargets[target];
}
