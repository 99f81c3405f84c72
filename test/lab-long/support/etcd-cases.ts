import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { tellApiServers } from '../../../lab/cluster/etcd-servers.ts';
import { isEtcdHealthy } from '../../../lab/faults/etcd-members.ts';
import { faultNamed } from '../../../lab/faults/index.ts';
import { silentProgress } from '../../../lab/host/progress.ts';
import type { Lab } from '../../../lab/lab.ts';
import { stateQuery, type RecoveryResult } from '../../../workflows/messages.ts';
import { approve, approveGate, ended, type Stage } from '../../lab/support/stage.ts';
import { startWriter } from '../../lab/support/writer.ts';
import type { Recovery } from '../../temporal/support/recoveries.ts';
import { assertCertificatesNameAddress, assertWhole } from './etcd-health.ts';
import { revisionOf, untilCondition, untilSettled, untilThreeVoters } from './etcd-operator.ts';
import { assertHealed, recoverEtcd, stepTimes, untilEtcdGate } from './etcd-recoveries.ts';
import { assertNothingLeft, keptOn, removeKept, surroundings } from './left-behind.ts';

const options = { progress: silentProgress() };
/** Two roll-outs over three nodes on a machine that does other things too. */
const ENDS_WITHIN_MS = 25 * 60_000;

export interface EtcdCase {
  fault: string;
  node: string;
  /** Between the vote and the end: what happens to the run meanwhile. */
  meanwhile?: (recovery: Recovery) => Promise<unknown>;
  /** Done when it is broken and nobody recovers yet. */
  beforehand?: () => Promise<unknown>;
  /** It is broken already. */
  broken?: true;
  /** What the run has kept on the masters on purpose. */
  kept?: (paths: string[]) => void;
}

/**
 * Breaks, recovers with one vote, and asserts what has to be true at the moment the run says that it is healed: nothing
 * is waited for, since the run's word is what people act on.
 */
export async function recoverFrom(t: TestContext, stage: Stage, of: EtcdCase): Promise<RecoveryResult> {
  const { lab } = stage;
  const { node } = of;
  if (!of.broken) await requireWhole(lab);
  // What the run of a failed test has kept would be this one's finding.
  await removeKept(lab);
  const before = await surroundings(lab);
  const writer = await startWriter(lab);
  const recovered = whileEtcdBroken(lab, of, async () => {
    await of.beforehand?.();
    const asked = Date.now();
    const recovery = await recoverEtcd(stage, { node });
    await untilEtcdGate(recovery);
    t.diagnostic(`asked to gate: ${((Date.now() - asked) / 1000).toFixed(1)} s`);
    const approvedAt = await approve(recovery);
    await of.meanwhile?.(recovery);
    const healed = await endedWithVotes(recovery);
    t.diagnostic(`approval to healed and proved: ${(Date.now() / 1000 - approvedAt).toFixed(1)} s`);
    t.diagnostic(stepTimes(healed.state));
    assertHealed(healed);
    await assertWhole(lab);
    return healed;
  });
  // It writes until it is told: a case that fails must tell it too.
  await recovered.catch(() => writer.finish().catch(() => {}));
  const result = await recovered;
  const { acknowledged, failed, lost } = await writer.finish();
  t.diagnostic(`the writer: ${acknowledged} writes acknowledged, ${failed.length} failed`);
  assert.deepEqual(lost, [], 'no acknowledged write is lost');
  assert.ok(acknowledged > 50, `${acknowledged} writes are enough to have noticed`);
  await assertCertificatesNameAddress(lab, node);
  await assertNothingLeft(lab, before, result.report);
  assert.equal(result.state.refusedCount, 0);
  of.kept?.(await keptOn(lab));
  await removeKept(lab);
  return result;
}

/** A member that is bad for good and has not moved, beside the one that has lost its data: the same on every platform. */
export const atTheSameAddress = [
  { claim: 'corrupt data', fault: 'etcd-data-corrupt', node: 'master-0' },
  { claim: 'a certificate that does not fit its key', fault: 'etcd-bad-certificate', node: 'master-1' },
  { claim: 'a manifest that was edited by hand', fault: 'etcd-bad-manifest', node: 'master-1' },
] as const;

/** The operator goes on meanwhile; a plan that it has overtaken is shown anew, and a person would read it and vote once more. */
async function endedWithVotes(recovery: Recovery): Promise<RecoveryResult> {
  const voted = new Set(['plan-1']);
  const over = new AbortController();
  const voting = (async () => {
    while (!over.signal.aborted) {
      const state = await recovery.query(stateQuery).catch(() => undefined);
      const { gate } = state ?? {};
      if (state?.phase === 'waiting-for-approval' && gate && !voted.has(gate.id)) {
        voted.add(gate.id);
        // One that is overtaken in this moment has another behind it.
        await approveGate(recovery, gate).catch(() => {});
      }
      await sleep(1000, undefined, { signal: over.signal }).catch(() => {});
    }
  })();
  try {
    return await ended(recovery, ENDS_WITHIN_MS);
  } finally {
    over.abort();
    await voting;
  }
}

/** Whatever the work has not healed is healed by force, so that a failed test fails alone. */
export async function whileEtcdBroken<T>(
  lab: Lab,
  { fault, node }: Pick<EtcdCase, 'fault' | 'node'>,
  work: () => Promise<T>,
): Promise<T> {
  const known = faultNamed(fault);
  let done = false;
  try {
    await known.break(lab, node, options);
    const result = await work();
    done = true;
    return result;
  } finally {
    if (!done || !(await isEtcdHealthy(lab, node))) await known.healByForce(lab, node, options);
  }
}

/**
 * Three voters, an operator that has nothing to do and knows it, and API servers that know where etcd is by now: what a case
 * begins with.
 */
export async function requireWhole(lab: Lab): Promise<void> {
  await untilThreeVoters(lab, 'master-0', 5);
  await tellApiServers(lab);
  await untilSettled(lab, 2, 15);
  await untilCondition(lab, 'EtcdMembersAvailable', 'True', /^3 members are available$/);
}

/** Longer than the operator takes from a change to its revision: a member that has just come brings two. */
const STEADY_MS = 25_000;

/**
 * The same for some time: between two revisions an operator looks settled for a moment, and a change of address in the second
 * one is another fault (run J).
 */
export async function requireSteady(lab: Lab): Promise<void> {
  let before: number | undefined;
  for (;;) {
    await requireWhole(lab);
    const revision = await revisionOf(lab);
    if (revision === before) return;
    before = revision;
    await sleep(STEADY_MS);
  }
}
