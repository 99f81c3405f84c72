import assert from 'node:assert/strict';
import { after } from 'node:test';
import type { KubeletPlan } from '../../../domain/plan.ts';
import { silentProgress } from '../../../lab/host/progress.ts';
import { labDown, labUp, openLab } from '../../../lab/lab.ts';
import type { Platform } from '../../../lab/settings.ts';
import { voteUpdate } from '../../../workflows/messages.ts';
import { untilGate, type Recovery } from '../../temporal/support/recoveries.ts';
import { whileAlso, whileBroken } from '../../lab/support/broken.ts';
import { openStage, type Stage } from '../../lab/support/stage.ts';
import type { Lab } from '../../../lab/lab.ts';

/** A lab of this file's own with a stage on it, both gone when its tests are over; one that runs already is used and stays. */
export async function ownStage(
  platform: Platform = 'none',
  change?: Parameters<typeof openStage>[0],
): Promise<Stage> {
  process.env['CPR_LAB_NAME'] ??= 'kubelets';
  process.env['CPR_LAB_SUBNET'] ??= '10.96.0';
  const options = { progress: silentProgress() };
  const ranBefore = (await openLab()) !== undefined;
  await labUp({ ...options, platform });
  const stage = await openStage(change);
  after(async () => {
    await stage[Symbol.asyncDispose]();
    if (!ranBefore) await labDown(options);
  });
  return stage;
}

/** Breaks one after another, works, and leaves the lab healthy. */
export function whileAllBroken<T>(
  lab: Lab,
  node: string,
  [first = '', ...others]: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const then = others.reduceRight<() => Promise<T>>(
    (inner, fault) => () => whileAlso(lab, fault, node, inner),
    work,
  );
  return whileBroken(lab, first, node, then);
}

/** The plan that waits, approved by as many people as it wants; the moment of the last vote, seconds since 1970. */
export async function approveAll(
  recovery: Recovery,
  gateId = 'plan-1',
): Promise<{ plan: KubeletPlan; at: number; voters: string[] }> {
  const people = ['grace', 'barbara', 'radia'];
  const { gate, plan } = await untilGate(recovery, gateId);
  assert.ok(gate && plan?.runbook === 'KubeletAuthRecovery');
  const voters = people.slice(0, gate.votesNeeded);
  const at = Date.now() / 1000;
  for (const by of voters) {
    const { id, nonce, subject } = gate;
    const vote = {
      gate: id,
      nonce,
      decision: 'approve',
      by,
      reason: 'as planned',
      cluster: subject.cluster,
    } as const;
    await recovery.executeUpdate(voteUpdate, { args: [vote] });
  }
  return { plan, at, voters };
}
