import { membersWithout, peerUrlOf, survivorOf, untilEtcdHealthy } from '../../lab/faults/etcd-members.ts';
import type { Lab } from '../../lab/lab.ts';
import { requireSteady, whileEtcdBroken } from '../../test/lab-long/support/etcd-cases.ts';
import { until } from '../../test/lab-long/support/etcd-operator.ts';
import {
  assertHealed,
  openEtcdStage,
  recoverEtcd,
  untilEtcdGate,
} from '../../test/lab-long/support/etcd-recoveries.ts';
import { removeKept } from '../../test/lab-long/support/left-behind.ts';
import { approve, ended, type Stage } from '../../test/lab/support/stage.ts';
import type { Recovery } from '../../test/temporal/support/recoveries.ts';
import { sharesOf, type Share } from './etcd-shares.ts';
import { watchEtcd } from './etcd-witness.ts';
import { activityTimes, votedAt } from './history.ts';

const FAULT = 'etcd-data-lost';
const NODE = 'master-1';
const ENDS_WITHIN_MS = 25 * 60_000;
/** As the stage's policy has it; by default it is a minute. */
const SOAK_MS = 5_000;

/** Milliseconds, all of one lab and one after the other. */
export interface EtcdTimes {
  shares: Share[];
  /** One look at three masters, all of them healthy. */
  look: number;
  /** The slowest look of the run: whoever asks a dead member waits for it. */
  lookAtDead: number;
}

/**
 * Loses the data of a member twice, and has it replaced once by a bare script and once by the runbook, phase by phase, on
 * one lab and directly after one another.
 */
export async function measureEtcd(lab: Lab, say: (text: string) => void): Promise<EtcdTimes> {
  say('a bare script replaces a member that has lost its data');
  const bare = await measureBare(lab);
  await using stage = await openEtcdStage({ seenFor: '20s' });
  await stage.startWorker();
  await requireSteady(lab);
  say('one look at healthy members');
  const look = await measureLook(stage);
  say('the runbook replaces a member that has lost its data');
  return { look, ...(await measureRun(stage, bare)) };
}

/** Asked to recover what is healthy, a run looks and refuses. */
async function measureLook(stage: Stage): Promise<number> {
  const recovery = await recoverEtcd(stage, { node: NODE });
  await ended(recovery, ENDS_WITHIN_MS);
  return await slowestLook(recovery);
}

async function slowestLook(recovery: Recovery): Promise<number> {
  const looks = (await activityTimes(recovery)).filter(({ name }) => name === 'observeEtcd');
  return Math.max(...looks.map(({ startedAt, endedAt }) => endedAt - startedAt));
}

async function measureBare(lab: Lab): Promise<Map<string, number>> {
  await requireSteady(lab);
  const times = new Map<string, number>();
  await whileEtcdBroken(lab, { fault: FAULT, node: NODE }, async () => {
    const survivor = survivorOf(lab, NODE);
    for (const [step, act] of Object.entries(bareActs(lab, survivor))) {
      const began = Date.now();
      await act();
      times.set(step, Date.now() - began);
    }
  });
  await lab.sh(survivorOf(lab, NODE), ['rm', '-f', BARE_SNAPSHOT]);
  return times;
}

const BARE_SNAPSHOT = '/var/lib/bench-snapshot.db';

/** By the names of the runbook's steps. */
function bareActs(lab: Lab, survivor: string): Record<string, () => Promise<unknown>> {
  const mine = peerUrlOf(lab.address(NODE));
  return {
    snapshot: () => lab.etcdctl(survivor, ['snapshot', 'save', BARE_SNAPSHOT]),
    'remove-member': async () => {
      const member = (await membersWithout(lab, NODE)).find(({ peerUrl }) => peerUrl === mine);
      await lab.etcdctl(survivor, ['member', 'remove', member?.id ?? '']);
    },
    'await-voter': async () => {
      await until('the operator has added and promoted it', 15, async () => {
        const list = await lab.etcdctl(survivor, ['member', 'list']);
        return list.split('\n').some((line) => line.includes(mine) && line.endsWith('false')) || list;
      });
      await untilEtcdHealthy(lab, NODE);
    },
  };
}

async function measureRun(stage: Stage, bare: ReadonlyMap<string, number>): Promise<Omit<EtcdTimes, 'look'>> {
  const { lab } = stage;
  const times = await whileEtcdBroken(lab, { fault: FAULT, node: NODE }, async () => {
    const recovery = await recoverEtcd(stage, { node: NODE });
    await untilEtcdGate(recovery);
    await using seen = await watchEtcd(lab, NODE);
    await approve(recovery);
    const result = await ended(recovery, ENDS_WITHIN_MS);
    assertHealed(result);
    const { steps } = result.state;
    const run = { voted: await votedAt(recovery), ended: Date.parse(result.outcome.endedAt), steps };
    const shares = sharesOf(run, bare, { seen, soakMs: SOAK_MS });
    return { shares, lookAtDead: await slowestLook(recovery) };
  });
  await removeKept(lab);
  return times;
}
