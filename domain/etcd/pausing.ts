import type { JsonPatch } from '../lease-rules.ts';
import { pointer, versionOf, valueAt } from '../lease-note.ts';
import type { Remediator, RemediatorPin } from './platform.ts';

/** How a remediator is paused, by what it is. Pure: what may be done follows from the object as it was read. */

type Kind = Remediator['kind'];

/** What stands in the object while this run has it paused. */
function pauseWord(runId: string): string {
  return `control-plane-recovery run ${runId}`;
}

/** The run of ours whose word this is; undefined: it is somebody else's. */
function runOf(word: unknown): string | undefined {
  const own = /^control-plane-recovery run ([A-Za-z0-9][A-Za-z0-9.-]{0,62})$/;
  return typeof word === 'string' ? own.exec(word)?.[1] : undefined;
}

/** Whoever finds the annotation leaves the machines alone, whatever its value. */
const annotation = 'cluster.x-k8s.io/paused';
const annotations = ['metadata', 'annotations'];
const requests = ['spec', 'pauseRequests'];

export type PauseJudgement =
  /** It is paused by this run already (pause), or not any more (resume). */
  | { is: 'so' }
  /** Somebody else has paused it: that stays as it is. */
  | { is: 'theirs'; by: string }
  | { is: 'open'; patch: JsonPatch };

/** Who has paused it: runs of ours by their ids, and whether anybody else has. */
export function pausesIn(kind: Kind, object: unknown): Pick<Remediator, 'paused' | 'pausedBy'> {
  const words = wordsIn(kind, object);
  const runs = words.map(runOf).filter((run) => run !== undefined);
  return { paused: runs.length < words.length, ...(runs.length === 0 ? {} : { pausedBy: runs }) };
}

/**
 * Those that might act on a master, and whose pause is ours to end: what somebody else has paused is not, but for a place of ours
 * beside theirs. What a run of ours has left paused must be among them: `recovery/<cluster>` is one at a time, so that run is
 * this one before a Reset, or is over, and nobody else would ever resume it.
 */
export function remediatorsToPause(remediators: readonly Remediator[] = []): RemediatorPin[] {
  return remediators
    .filter(({ coversMasters, paused, pausedBy }) => coversMasters && (!paused || pausedBy !== undefined))
    .map(pinOf);
}

function pinOf({ kind, namespace, name, pausedBy }: Remediator): RemediatorPin {
  return { kind, namespace, name, ...(pausedBy === undefined ? {} : { pausedBy }) };
}

export function remediatorName({ kind, namespace, name }: Omit<RemediatorPin, 'pausedBy'>): string {
  return `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`;
}

/** In a plan of this run. */
export function standsAs({ pausedBy = [] }: RemediatorPin, runId: string): string {
  const others = pausedBy.filter((run) => run !== runId);
  if (others.length > 0) return `paused by run ${others.join(' and ')}, and taken over if that is over`;
  return pausedBy.length > 0 ? 'paused by this run already' : 'active';
}

/**
 * A MachineHealthCheck has room for one word, which another may hold; a NodeHealthCheck keeps a list, where all have room. `over`:
 * the runs of ours that are surely over. Their word gives way to this run's, which takes it away at its end.
 */
export function judgePause(
  kind: Kind,
  object: unknown,
  runId: string,
  over: ReadonlySet<string> = new Set(),
): PauseJudgement {
  const ours = pauseWord(runId);
  const isOver = (word: unknown) => over.has(runOf(word) ?? '');
  if (kind === 'NodeHealthCheck') {
    const list = requestsIn(object);
    const staying = list.filter((word) => word !== ours && !isOver(word));
    if (list.includes(ours) && staying.length === list.length - 1) return { is: 'so' };
    const path = pointer(requests);
    // A list that is there is tested as it was read, so that nothing which came meanwhile is lost.
    const known = Array.isArray(valueAt(object, requests))
      ? [{ op: 'test' as const, path, value: list }]
      : [];
    return {
      is: 'open',
      patch: [unchanged(object), ...known, { op: 'add', path, value: [...staying, ours] }],
    };
  }
  const stands = annotationIn(object);
  if (stands === ours) return { is: 'so' };
  if (stands !== undefined && !isOver(stands)) return { is: 'theirs', by: stands };
  const add =
    valueAt(object, annotations) === undefined
      ? { op: 'add' as const, path: pointer(annotations), value: { [annotation]: ours } }
      : { op: 'add' as const, path: pointer([...annotations, annotation]), value: ours };
  return { is: 'open', patch: [unchanged(object), add] };
}

/** Only our own word goes; where it is not, nothing does. */
export function judgeResume(kind: Kind, object: unknown, runId: string): PauseJudgement {
  const ours = pauseWord(runId);
  if (kind === 'NodeHealthCheck') {
    const list = requestsIn(object);
    const at = list.indexOf(ours);
    if (at < 0) return { is: 'so' };
    // An empty list says what no list says, and would be the one thing that a run leaves in the object.
    if (list.length === 1) return { is: 'open', patch: [unchanged(object), ...takenOut(requests, list)] };
    const path = `${pointer(requests)}/${at}`;
    return {
      is: 'open',
      patch: [unchanged(object), { op: 'test', path, value: ours }, { op: 'remove', path }],
    };
  }
  const stands = annotationIn(object);
  if (stands === undefined) return { is: 'so' };
  if (stands !== ours) return { is: 'theirs', by: stands };
  return { is: 'open', patch: takenOut([...annotations, annotation], ours) };
}

function takenOut(field: string[], value: unknown): JsonPatch {
  const path = pointer(field);
  return [
    { op: 'test', path, value },
    { op: 'remove', path },
  ];
}

function wordsIn(kind: Kind, object: unknown): unknown[] {
  if (kind === 'NodeHealthCheck') return requestsIn(object);
  const stands = annotationIn(object);
  return stands === undefined ? [] : [stands];
}

function annotationIn(object: unknown): string | undefined {
  const value = valueAt(object, [...annotations, annotation]);
  return typeof value === 'string' ? value : undefined;
}

function requestsIn(object: unknown): unknown[] {
  const list = valueAt(object, requests);
  return Array.isArray(list) ? list : [];
}

function unchanged(object: unknown): JsonPatch[number] {
  return { op: 'test', path: '/metadata/resourceVersion', value: versionOf(object) };
}
