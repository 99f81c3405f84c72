import type {
  AwaitEtcdInput,
  EtcdActActivities,
  EtcdActInput,
  EtcdObserveActivities,
} from '../../../activities/etcd-contract.ts';
import { isRecoveryOver } from '../../../activities/observe/run-over.ts';
import { quarantineDirectory, snapshotDirectory } from '../../../domain/etcd/names.ts';
import type { EtcdPins } from '../../../domain/etcd/pins.ts';
import { proveEtcdRecovered } from '../../../domain/etcd/proof.ts';
import { failure } from '../failure.ts';
import { etcdObservationOf, gateOf, hashesOf, isRun } from './observe.ts';
import { serving, tick } from './operator.ts';
import { etcdMasterIn, type EtcdModel } from './state.ts';

/** What one tick of the model stands for. */
const tickMs = 5_000;

export function simulatedEtcdObserve(load: () => EtcdModel, clock: () => Date): EtcdObserveActivities {
  return {
    observeEtcd: async ({ before }) => {
      const cluster = load();
      tick(cluster);
      return etcdObservationOf(cluster, clock(), before);
    },
    readEtcdGate: async () => {
      const cluster = load();
      if (!cluster.apiReachable)
        return { latestAvailableRevision: 0, gate: 'unknown', because: 'ECONNREFUSED' };
      return gateOf(cluster);
    },
    awaitEtcd: async (input) => {
      const cluster = load();
      for (let left = Math.floor(input.timeoutMs / tickMs); ; left--) {
        const { proofs, missing } = stateOf(cluster, input, clock());
        if (missing.length === 0) return { proofs };
        if (left <= 0)
          throw failure(
            lagsMachine(cluster, input) ? 'MachineNotFollowing' : 'NotYetHealthy',
            missing.join('; '),
          );
        tick(cluster);
      }
    },
  };
}

function lagsMachine(cluster: EtcdModel, { pins, goal }: AwaitEtcdInput): boolean {
  const { machine, address } = etcdMasterIn(cluster, pins.target.node);
  return goal !== 'revision' && machine !== address;
}

function stateOf(
  cluster: EtcdModel,
  { goal, after = 0, pins }: AwaitEtcdInput,
  now: Date,
): { proofs: string[]; missing: string[] } {
  const { model } = cluster;
  const { node } = pins.target;
  const master = etcdMasterIn(cluster, node);
  if (goal === 'revision')
    return say(
      model.latest > after && (pins.certificates.cure === 'none' || master.inAllCerts === master.address),
      `revision ${model.latest} is newer than ${after}`,
    );
  if (goal === 'rolled-out')
    return say(
      master.revision === model.latest && model.revisions[master.revision]?.[node] === master.address,
      `the etcd pod on ${node} is of revision ${model.latest}`,
    );
  const member = serving(cluster, node);
  if (goal === 'voter') return say(member !== undefined && !member.learner, `a voter is on ${node}`);
  return proveEtcdRecovered(etcdObservationOf(cluster, now), hashesOf(cluster), {
    pins,
    raftGapAtMost: 1_000,
  });
}

function say(holds: boolean, proof: string): { proofs: string[]; missing: string[] } {
  return holds ? { proofs: [proof], missing: [] } : { proofs: [], missing: [`not yet: ${proof}`] };
}

/** The acts upon the model. Each looks before it changes, like the real ones, so that repeating one is safe. */
export function simulatedEtcdActs(load: () => EtcdModel): EtcdActActivities {
  return {
    takeSnapshot: async ({ pins }) => {
      const cluster = reach(load(), pins.executor.node);
      const { snapshots } = cluster.model;
      const taken = {
        path: `${snapshotDirectory(pins.runId)}/snapshot.db`,
        sha256: '5e'.repeat(32),
        bytes: 110_000_160,
        revision: 80_050,
      };
      if (snapshots.includes(pins.runId))
        return { ...unchanged(`${taken.path} is there already.`), ...taken };
      snapshots.push(pins.runId);
      return {
        ...change(cluster, `snapshot through ${pins.executor.node}`, `Took ${taken.path}.`),
        ...taken,
      };
    },
    copySnapshot: async ({ pins, snapshot }) => {
      const cluster = load();
      const path = `/var/lib/cpr/snapshots/${cluster.name}-${pins.runId}.age`;
      if (!cluster.model.snapshots.includes(pins.runId) || snapshot.sha256 !== '5e'.repeat(32))
        throw failure('PreconditionFailed', `${snapshot.path} is not there any more`);
      if (cluster.model.copies.includes(path)) return { ...unchanged(`${path} is there already.`), path };
      cluster.model.copies.push(path);
      return { ...change(cluster, 'copy off node', `Wrote ${path}.`), path };
    },
    pauseRemediators: ({ pins }) => setPaused(load(), pins, true),
    resumeRemediators: ({ pins }) => setPaused(load(), pins, false),
    quarantineEtcd: async (input) => {
      const { cluster, master, node } = target(load(), input);
      const directory = quarantineDirectory(input.pins.runId);
      if (master.quarantine[input.pins.runId])
        return { ...unchanged(`${directory} is there already.`), directory };
      master.quarantine[input.pins.runId] = master.data === 'aside' ? 'lost' : master.data;
      master.data = 'aside';
      return { ...change(cluster, `quarantine ${node}`, `Moved the data to ${directory}.`), directory };
    },
    restoreEtcd: async (input) => {
      const { cluster, master, node } = target(load(), input);
      const { pins } = input;
      if (!cluster.model.members.some(({ id }) => id === pins.target.member?.id))
        throw failure('MemberRemoved', 'the member is not listed any more');
      const data = master.quarantine[pins.runId];
      if (!data) return unchanged(`Nothing of run ${pins.runId} lies in quarantine.`);
      master.data = data;
      delete master.quarantine[pins.runId];
      return change(cluster, `restore ${node}`, `Put the data of ${node} back.`);
    },
    renewCertificates: async (input) => {
      const { cluster, master, node } = target(load(), input);
      if (master.inAllCerts === master.address && master.secrets === master.address)
        return unchanged('They are fresh.');
      if (input.pins.certificates.cure === 'delete-secrets') master.secrets = '';
      else master.inAllCerts = '';
      return change(cluster, `renew certificates of ${node}`, `Asked for certificates of ${node}.`);
    },
    removeMember: async ({ pins }) => {
      const cluster = reach(load(), pins.executor.node);
      const { model } = cluster;
      const id = pins.target.member?.id;
      if (!model.members.some((member) => member.id === id))
        return unchanged(`${id} is not listed any more.`);
      model.members = model.members.filter((member) => member.id !== id);
      return change(cluster, `remove ${id}`, `Removed ${id}.`);
    },
    updateMember: async ({ pins, to }) => {
      const cluster = reach(load(), pins.executor.node);
      const member = cluster.model.members.find(({ id }) => id === pins.target.member?.id);
      if (!member) throw failure('PreconditionFailed', 'the member is not listed any more');
      const address = new URL(to[0] ?? '').hostname;
      if (member.address === address) return unchanged(`${member.id} is at ${address} already.`);
      member.address = address;
      return change(cluster, `update ${member.id} to ${address}`, `${member.id} is at ${address} now.`);
    },
    forceRedeployment: async ({ pins }) => {
      const cluster = load();
      const { model } = cluster;
      if (model.forceReason.includes(pins.runId)) return unchanged('It has been asked for already.');
      model.forceReason = `control-plane-recovery-${pins.runId}`;
      model.wanted ??= { ...model.revisions[model.latest] };
      return change(cluster, 'force redeployment', 'Asked for a redeployment.');
    },
  };
}

async function setPaused(
  cluster: EtcdModel,
  { remediators, runId }: Pick<EtcdPins, 'remediators' | 'runId'>,
  isPaused: boolean,
) {
  const mine = cluster.model.paused.filter(({ name }) => remediators.some((one) => one.name === name));
  const due = [];
  for (const one of mine) {
    const { by } = one;
    const isDue = isPaused ? by !== runId && (await isFree(cluster.name, by)) : by === runId;
    if (isDue) due.push(one);
  }
  if (due.length === 0)
    return unchanged(isPaused ? 'They are paused already.' : 'None is paused by this run.');
  for (const one of due) {
    if (isPaused) one.by = runId;
    else delete one.by;
  }
  const names = due.map(({ name }) => name).join(', ');
  const word = isPaused ? 'pause' : 'resume';
  return change(cluster, `${word} ${names}`, `${isPaused ? 'Paused' : 'Resumed'} ${names}.`);
}

/** Whether a run is over is asked of Temporal itself. */
async function isFree(cluster: string, by: string | undefined): Promise<boolean> {
  return by === undefined || (isRun(by) && (await isRecoveryOver(cluster, by)));
}

function target(cluster: EtcdModel, { pins }: EtcdActInput) {
  const { node } = pins.target;
  return { cluster: reach(cluster, node), master: etcdMasterIn(cluster, node), node };
}

function reach(cluster: EtcdModel, node: string): EtcdModel {
  if (!etcdMasterIn(cluster, node).ssh) throw failure('NodeUnreachable', `ssh ${node}: Connection refused`);
  return cluster;
}

function change(cluster: EtcdModel, effect: string, sentence: string) {
  cluster.effects.push(effect);
  return { changed: true, sentence };
}

function unchanged(sentence: string) {
  return { changed: false, sentence };
}
