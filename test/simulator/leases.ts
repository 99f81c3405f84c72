import type { LeaseActivities } from '../../activities/lease-contract.ts';
import { requireWatched } from '../../activities/observe/run-over.ts';
import { judgeRestore, judgeSet, readLeaseIn } from '../../domain/lease-rules.ts';
import type { Lease } from '../../domain/lease.ts';
import { failure } from './failure.ts';
import { patched } from '../support/json-patch.ts';
import type { SimulatedCluster } from './state.ts';

/** The one object of the model that a lease may stand in. The watchdog is asked for in Temporal itself. */
export function simulatedLeases(cluster: SimulatedCluster): LeaseActivities {
  return {
    setLease: async ({ cluster: name, lease }) => {
      await requireWatched(name, lease);
      const judged = judgeSet(cluster.etcdObject, lease);
      if (judged.may === 'held') return { changed: false, sentence: 'It is set already.' };
      if (judged.may === 'foreign') throw failure('LeaseForeign', judged.evidence.join('; '));
      cluster.etcdObject = patched(cluster.etcdObject, judged.patch);
      cluster.effects.push(`set ${lease.target}`);
      return { changed: true, sentence: `${lease.target} is set.` };
    },
    readLease: async ({ target }) => readLeaseIn(cluster.etcdObject, target),
    restoreLease: async ({ lease }) => {
      const judged = judgeRestore(cluster.etcdObject, lease);
      if (judged.is === 'gone') return { ...nothing, outcome: 'already-gone', sentence: judged.sentence };
      if (judged.patch) cluster.etcdObject = patched(cluster.etcdObject, judged.patch);
      if (judged.is === 'foreign') {
        const { keyRemains, evidence } = judged;
        return { ...nothing, outcome: 'foreign', keyRemains, evidence, sentence: 'It is another’s.' };
      }
      cluster.effects.push(`put back ${lease.target}`);
      return { ...nothing, outcome: 'restored', changed: true, sentence: judged.sentence };
    },
  };
}

const nothing = { changed: false, keyRemains: false, evidence: [] };

/** As a run leaves it that dies under its lease. */
export function lendIn(cluster: SimulatedCluster, lease: Lease): void {
  const judged = judgeSet(cluster.etcdObject, lease);
  if (judged.may !== 'set') throw new Error(`it cannot be lent: ${judged.may}`);
  cluster.etcdObject = patched(cluster.etcdObject, judged.patch);
}
