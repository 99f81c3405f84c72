import type { JsonPatch } from '../lease-rules.ts';
import { pointer, versionOf, valueAt } from '../lease-note.ts';
import type { Remediator } from './platform.ts';

/** How a remediator is paused, by what it is. Pure: what may be done follows from the object as it was read. */

type Kind = Remediator['kind'];

/** What stands in the object while this run has it paused. */
function pauseWord(runId: string): string {
  return `control-plane-recovery run ${runId}`;
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

/** A MachineHealthCheck has room for one word, which another may hold; a NodeHealthCheck keeps a list, where all have room. */
export function judgePause(kind: Kind, object: unknown, runId: string): PauseJudgement {
  const ours = pauseWord(runId);
  if (kind === 'NodeHealthCheck') {
    const list = requestsIn(object);
    if (list.includes(ours)) return { is: 'so' };
    const add = Array.isArray(valueAt(object, requests))
      ? { op: 'add' as const, path: `${pointer(requests)}/-`, value: ours }
      : { op: 'add' as const, path: pointer(requests), value: [ours] };
    return { is: 'open', patch: [unchanged(object), add] };
  }
  const stands = annotationIn(object);
  if (stands === ours) return { is: 'so' };
  if (stands !== undefined) return { is: 'theirs', by: stands };
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
