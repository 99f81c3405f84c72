import { excerpt, fieldsOf } from './input.ts';
import { isLeaseTarget, leaseTargets, type Lease } from './lease.ts';

/** What stood in the parent's place before the lease: exactly that is put back. */
export type Before = 'absent' | { value: Record<string, unknown> | null };

/** A lease and what was there before it, as the object itself carries them: no memory of ours is needed to undo it. */
export interface LeaseNote extends Lease {
  before: Before;
}

export function noteText({ target, id, owner, deadline, before }: LeaseNote): string {
  const { workflow, run } = owner;
  return JSON.stringify({ target, id, owner: { workflow, run }, deadline, before });
}

/** The lease that an object says it is under; whatever cannot be read for certain is nobody's we know. */
export function noteOf(object: unknown): LeaseNote | 'none' | 'unreadable' {
  const text = rawNote(object);
  if (text === undefined) return 'none';
  const fields = fieldsOf(parsed(text));
  const owner = fieldsOf(fields?.['owner']);
  const before = beforeIn(fields?.['before']);
  const { target, id, deadline } = fields ?? {};
  const { workflow, run } = owner ?? {};
  if (!isLeaseTarget(target) || before === undefined || !isText(id) || !isText(deadline)) return 'unreadable';
  if (!isText(workflow) || !isText(run)) return 'unreadable';
  return { target, id, owner: { workflow, run }, deadline, before };
}

function beforeIn(written: unknown): Before | undefined {
  if (written === 'absent') return 'absent';
  const value = fieldsOf(written)?.['value'];
  return value === null ? { value } : fieldsOf(value) && { value: fieldsOf(value)! };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

export const leaseAnnotation = 'control-plane-recovery/lease';
export const notePath = pointer(['metadata', 'annotations', leaseAnnotation]);

/** Adds the note; other annotations are not written. */
export function noteWith(object: unknown, text: string): { op: 'add'; path: string; value: unknown } {
  return fieldsOf(valueAt(object, ['metadata', 'annotations'])) === undefined
    ? { op: 'add', path: '/metadata/annotations', value: { [leaseAnnotation]: text } }
    : { op: 'add', path: notePath, value: text };
}

export function rawNote(object: unknown): unknown {
  return valueAt(object, ['metadata', 'annotations', leaseAnnotation]);
}

export function hasOurValue(parent: unknown, { target }: Pick<Lease, 'target'>): boolean {
  const { key, value } = leaseTargets[target];
  const holder = fieldsOf(parent);
  return holder !== undefined && Object.hasOwn(holder, key) && holder[key] === value;
}

/** Names and our own key's value only: what others keep beside it is none of a history's business. */
export function whatStands(parent: unknown, { target }: Pick<Lease, 'target'>): string {
  const { parent: path, key } = leaseTargets[target];
  const holder = fieldsOf(parent);
  if (!holder) return `${pointer(path)} is ${parent === undefined ? 'absent' : excerpt(parent ?? 'null')}`;
  if (!Object.hasOwn(holder, key)) return `${key} is absent in ${pointer(path)}`;
  const value = holder[key];
  return `${key} is ${typeof value === 'boolean' ? value : excerpt(value)} in ${pointer(path)}`;
}

export function whoseNote(object: unknown): string {
  const note = noteOf(object);
  if (note === 'none') return `annotation ${leaseAnnotation} is absent`;
  if (note === 'unreadable')
    return `annotation ${leaseAnnotation} is not one of ours: ${excerpt(rawNote(object))}`;
  const { owner, deadline, id } = note;
  return `annotation ${leaseAnnotation} is of ${excerpt(owner.workflow, 120)} (run ${excerpt(owner.run, 60)}), lease ${excerpt(id, 60)}, until ${excerpt(deadline)}`;
}

export function versionOf(object: unknown): string | undefined {
  const version = valueAt(object, ['metadata', 'resourceVersion']);
  return typeof version === 'string' && version !== '' ? version : undefined;
}

export function valueAt(object: unknown, path: readonly string[]): unknown {
  let at = object;
  for (const name of path) {
    const fields = fieldsOf(at);
    if (!fields || !Object.hasOwn(fields, name)) return undefined;
    at = fields[name];
  }
  return at;
}

/** RFC 6901. */
export function pointer(path: readonly string[]): string {
  return path.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
