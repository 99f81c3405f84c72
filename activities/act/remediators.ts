import {
  judgePause,
  judgeResume,
  pausesIn,
  remediatorName,
  type PauseJudgement,
} from '../../domain/etcd/pausing.ts';
import { readUnlessGone } from '../connections/reads.ts';
import type { ActResult } from '../contract.ts';
import { failure } from '../failure.ts';
import type { PauseInput } from '../remediator-contract.ts';
import { onObject, patchOnce, type Reach } from './on-object.ts';

type Paused = PauseInput['pins'];
type Named = Paused['remediators'][number];
type Judge = (kind: Named['kind'], object: unknown) => Promise<PauseJudgement>;

/** `isOver`: whether that run of ours has surely ended. */
export async function pauseRemediators(
  reach: Reach,
  { runId, remediators }: Paused,
  isOver: (runId: string) => Promise<boolean>,
): Promise<ActResult> {
  const judge: Judge = async (kind, object) => {
    const over = new Set<string>();
    for (const run of pausesIn(kind, object).pausedBy ?? [])
      if (run !== runId && (await isOver(run))) over.add(run);
    return judgePause(kind, object, runId, over);
  };
  return await forEach(reach, remediators, judge, {
    done: 'paused',
    so: 'paused by this run already',
    theirs: (by) => `paused by somebody else (${by}), who resumes it`,
  });
}

export async function resumeRemediators(reach: Reach, { runId, remediators }: Paused): Promise<ActResult> {
  const judge: Judge = async (kind, object) => judgeResume(kind, object, runId);
  return await forEach(reach, remediators, judge, {
    done: 'resumed',
    so: 'not paused by this run',
    theirs: (by) => `paused by somebody else (${by}): left as it is`,
  });
}

interface Words {
  done: string;
  so: string;
  theirs: (by: string) => string;
}

async function forEach(reach: Reach, remediators: Named[], judge: Judge, words: Words): Promise<ActResult> {
  const said: string[] = [];
  let changed = false;
  // One after the other: with the first that fails it is plain which of them were reached.
  for (const remediator of remediators) {
    const judged = await judgeOne(reach, remediator, judge);
    changed ||= judged?.is === 'open';
    said.push(`${remediatorName(remediator)} is ${wordsFor(judged, words)}`);
  }
  return { changed, sentence: said.join('; ') || 'there is none to be paused' };
}

/** Undefined: it was deleted, so that it disturbs nobody any more. */
async function judgeOne(reach: Reach, remediator: Named, judge: Judge): Promise<PauseJudgement | undefined> {
  const path = pathOf(remediator);
  return await onObject(reach, async (api) => {
    const object = await readUnlessGone(api, path);
    if (object === undefined) return undefined;
    const judged = await judge(remediator.kind, object);
    if (judged.is !== 'open') return judged;
    const hasHappened = async () =>
      (await judge(remediator.kind, await readUnlessGone(api, path))).is === 'so';
    await patchOnce(api, path, judged.patch, hasHappened);
    return judged;
  });
}

function wordsFor(judged: PauseJudgement | undefined, { done, so, theirs }: Words): string {
  if (!judged) return 'gone';
  if (judged.is === 'theirs') return theirs(judged.by);
  return judged.is === 'open' ? done : so;
}

function pathOf({ kind, namespace, name }: Named): string {
  const object = encodeURIComponent(name);
  if (kind === 'NodeHealthCheck') return `/apis/remediation.medik8s.io/v1alpha1/nodehealthchecks/${object}`;
  if (namespace === '') throw failure('PreconditionFailed', `${kind} ${name} has no namespace`);
  return `/apis/machine.openshift.io/v1beta1/namespaces/${encodeURIComponent(namespace)}/machinehealthchecks/${object}`;
}
