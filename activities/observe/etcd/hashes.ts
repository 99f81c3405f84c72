import type { EtcdObservation } from '../../../domain/etcd/observation.ts';
import type { DataHash } from '../../../domain/etcd/proof.ts';
import { valueOf } from '../../../domain/reading.ts';
import type { NodeLane } from '../../connections/node-lane.ts';
import { failure, sentenceOf } from '../../failure.ts';
import { parseHash } from './parse-etcdctl.ts';

/** Every key of every revision is read for it. */
const TIMEOUT_MS = 60_000;

/** Hashes of all members' data at one revision that every one of them has. Throws what the lane throws. */
export async function readHashes(
  lane: NodeLane,
  { masters }: EtcdObservation,
  signal: AbortSignal,
): Promise<DataHash[]> {
  const revision = Math.min(...masters.map(({ view }) => valueOf(view.status)?.revision ?? 0));
  if (!(revision > 0)) throw failure('OutcomeUnknown', 'not every member says at which revision it is');
  return Promise.all(
    masters.map(async ({ name }) => {
      const args = [name, String(revision)];
      const call = { node: name, script: 'hash-etcd.sh' as const, runId: 'observe', args };
      const { hash = '' } = await lane.run({ ...call, timeoutMs: TIMEOUT_MS, signal });
      try {
        return parseHash(hash, revision);
      } catch (error) {
        throw failure('OutcomeUnknown', `${name}: hash-etcd: ${sentenceOf(error)}`);
      }
    }),
  );
}
