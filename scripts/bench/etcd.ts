import { membersWithout, peerUrlOf, survivorOf, untilEtcdHealthy } from '../../lab/faults/etcd-members.ts';
import { putManifestBack, takeManifest } from '../../lab/faults/manifest.ts';
import type { Lab } from '../../lab/lab.ts';
import { requireWhole, whileEtcdBroken } from '../../test/lab-long/support/etcd-cases.ts';
import { until } from '../../test/lab-long/support/etcd-operator.ts';
import { openEtcdStage, recoverEtcd, untilEtcdGate } from '../../test/lab-long/support/etcd-recoveries.ts';
import { removeKept } from '../../test/lab-long/support/left-behind.ts';
import { approve, ended } from '../../test/lab/support/stage.ts';

const FAULT = 'etcd-data-lost';
const NODE = 'master-1';
const ENDS_WITHIN_MS = 25 * 60_000;

/** Milliseconds of one step; `bare`: of the same act by a script that asks and checks nothing, where there is one. */
export interface EtcdPhase {
  step: string;
  run: number;
  bare: number | undefined;
}

/**
 * Loses the data of a member twice, and has it replaced once by a bare script and once by the runbook, phase by phase, on
 * one lab and directly after one another. What the run does beside the script's acts is what it costs to be sure.
 */
export async function measureEtcd(lab: Lab, say: (text: string) => void): Promise<EtcdPhase[]> {
  say('a bare script replaces a member that has lost its data');
  const bare = await measureBare(lab);
  say('the runbook does');
  const run = await measureRun(lab);
  const phases = [...run].map(([step, ms]) => ({ step, run: ms, bare: bare.get(step) }));
  return [...phases, { step: 'all of it', run: sum(run), bare: sum(bare) }];
}

function sum(times: ReadonlyMap<string, number>): number {
  return [...times.values()].reduce((total, ms) => total + ms, 0);
}

async function measureBare(lab: Lab): Promise<Map<string, number>> {
  await requireWhole(lab);
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
  await lab.sh(NODE, ['rm', '-rf', BARE_QUARANTINE]);
  return times;
}

const BARE_SNAPSHOT = '/var/lib/bench-snapshot.db';
const BARE_QUARANTINE = '/var/lib/etcd/bench-quarantine';

/** By the names of the runbook's steps. */
function bareActs(lab: Lab, survivor: string): Record<string, () => Promise<unknown>> {
  const manifest = { fault: 'bench', file: 'etcd-pod.yaml', container: 'etcd' };
  const mine = peerUrlOf(lab.address(NODE));
  return {
    snapshot: () => lab.etcdctl(survivor, ['snapshot', 'save', BARE_SNAPSHOT]),
    quarantine: async () => {
      await takeManifest(lab, NODE, manifest);
      const move = `mkdir -p ${BARE_QUARANTINE} && { mv /var/lib/etcd/member ${BARE_QUARANTINE} || :; }`;
      await lab.sh(NODE, ['sh', '-c', move]);
      await putManifestBack(lab, NODE, manifest);
    },
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

async function measureRun(lab: Lab): Promise<Map<string, number>> {
  await requireWhole(lab);
  await using stage = await openEtcdStage({ seenFor: '20s' });
  await stage.startWorker();
  const { state } = await whileEtcdBroken(lab, { fault: FAULT, node: NODE }, async () => {
    const recovery = await recoverEtcd(stage, { node: NODE });
    await untilEtcdGate(recovery);
    await approve(recovery);
    return ended(recovery, ENDS_WITHIN_MS);
  });
  await removeKept(lab);
  const times = state.steps.map(({ id, startedAt = '', endedAt = '' }) => {
    return [id, Date.parse(endedAt) - Date.parse(startedAt)] as const;
  });
  return new Map(times);
}
