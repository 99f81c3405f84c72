import { leaseTargets, type Lease } from '../../domain/lease.ts';
import { judgeRestore, judgeSet } from '../../domain/lease-rules.ts';
import type { LeaseEnd } from '../../domain/lease-state.ts';
import { readLeaseObject, readUnlessGone } from '../connections/reads.ts';
import type { ActResult } from '../contract.ts';
import { failure } from '../failure.ts';
import { onObject, patchOnce, type Reach } from './on-object.ts';

/**
 * Sets the key. `requireWatched` throws when nothing would take it back; it is asked after each read of the object and
 * before each write. In that order an attempt of long ago writes nothing: whoever put the lease back meanwhile has changed
 * the version that its patch was made for.
 */
export async function setLease(
  reach: Reach,
  lease: Lease,
  requireWatched: (lease: Lease) => Promise<void>,
): Promise<ActResult> {
  const { object: path, key } = leaseTargets[lease.target];
  return await onObject(reach, async (api) => {
    const object = await readLeaseObject(api, path);
    await requireWatched(lease);
    const judged = judgeSet(object, lease);
    if (judged.may === 'held') return { changed: false, sentence: `${key} is set already, by this lease` };
    if (judged.may === 'foreign')
      throw failure('LeaseForeign', `${key} is not set by us: ${judged.evidence.join('; ')}`);
    const hasHappened = async () => judgeSet(await readLeaseObject(api, path), lease).may === 'held';
    await patchOnce(api, path, judged.patch, hasHappened);
    return { changed: true, sentence: `${key} is set until ${lease.deadline} at the latest` };
  });
}

/** Puts back what was there. Needs no watchdog, no approval and no brake released: it only ever makes things as they were. */
export async function restoreLease(reach: Reach, lease: Lease): Promise<LeaseEnd> {
  const { object: path, key } = leaseTargets[lease.target];
  return await onObject(reach, async (api) => {
    const object = await readUnlessGone(api, path);
    // With the object its setting is gone. A watchdog that went on would bar every later lease of the cluster.
    if (object === undefined) return end('already-gone', false, `${path} was deleted, and ${key} with it`);
    const judged = judgeRestore(object, lease);
    if (judged.is === 'gone') return end('already-gone', false, judged.sentence);
    const hasHappened = async () => judgeRestore(await readLeaseObject(api, path), lease).is === 'gone';
    if (judged.patch) await patchOnce(api, path, judged.patch, hasHappened);
    if (judged.is === 'ours') return end('restored', true, judged.sentence);
    const { keyRemains, evidence } = judged;
    const sentence = keyRemains
      ? `${key} stands, and not as this lease left it: it is not touched`
      : `${key} was removed by somebody else`;
    return { ...end('foreign', judged.patch !== undefined, sentence), keyRemains, evidence };
  });
}

function end(outcome: LeaseEnd['outcome'], changed: boolean, sentence: string): LeaseEnd {
  return { outcome, changed, keyRemains: false, sentence, evidence: [] };
}
