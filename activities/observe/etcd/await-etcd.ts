import {
  waitsForMachine,
  wantingForRevision,
  wantingForRollOut,
  wantingForVoter,
} from '../../../domain/etcd/goals.ts';
import type { EtcdPins } from '../../../domain/etcd/pins.ts';
import type { EtcdOperator } from '../../../domain/etcd/platform.ts';
import {
  proveEtcdRecovered,
  unsettledIn,
  type DataHash,
  type EtcdProof,
} from '../../../domain/etcd/proof.ts';
import { rollOutOf } from '../../../domain/etcd/roll-out.ts';
import type { Reading } from '../../../domain/reading.ts';
import { createBudget, noLimits } from '../../connections/budget.ts';
import type { ClusterConnection } from '../../connections/cluster.ts';
import type { NodeLane } from '../../connections/node-lane.ts';
import * as platform from '../../connections/platform-reads.ts';
import type { AwaitEtcdInput } from '../../etcd-contract.ts';
import { failure, sentenceOf } from '../../failure.ts';
import { pause } from '../../heartbeat.ts';
import { lookAtApi, read, type ApiLook } from '../api-look.ts';
import { parseEtcdOperator } from '../parse-platform.ts';
import { readHashes } from './hashes.ts';
import { askMember } from './look-at-member.ts';
import { observeEtcd, readCertificates, readMaster } from './observe-etcd.ts';
import { parseEtcdPod } from './parse-master.ts';

/** Of one object: that costs the cluster next to nothing. */
const API_POLL_MS = 700;
/** A look through the API costs the cluster little; one on the masters a quarter of a second of each, a whole one half a second. */
const POLL_MS = { revision: 1000, 'rolled-out': 1000, voter: 600, recovered: 1500 };
/** What has not come within two minutes takes many: from then on the masters are asked less often. */
const BRISK_MS = 120_000;
const UNHURRIED_MS = { ...POLL_MS, voter: 5000, recovered: 10_000 };
const SOAK_MS = 2500;

/**
 * How long to wait before the next look. `held`: the goal holds, and is watched. What only the API is asked is asked as often to
 * the end: the override stands until the revision is seen.
 */
export function pauseBefore(goal: AwaitEtcdInput['goal'], waitedMs: number, held: boolean): number {
  if (held) return SOAK_MS;
  return (waitedMs < BRISK_MS ? POLL_MS : UNHURRIED_MS)[goal];
}

interface Look extends EtcdProof {
  /** When all that may change had been seen, in ms; absent: when the look ended. */
  seenAt?: number;
  /** Why waiting for more of the same is in vain until somebody has mended something else. */
  machine?: string | undefined;
  /** Not all of it was looked at, since something is wanting anyhow: `api` was asked alone, or the survivors were. */
  only?: 'api' | 'survivors';
}

/** `whole`: whatever is wanting, all of it is looked at, so that a person hears all of it. */
type Looker<Result = Look> = (whole: boolean) => Promise<Result>;

/** Looks again and again until the goal holds, and with `recovered` until it has held without a break for `soakMs`. */
export async function awaitEtcd(
  cluster: ClusterConnection,
  lane: NodeLane,
  input: AwaitEtcdInput,
  signal: AbortSignal,
): Promise<{ proofs: string[] }> {
  const { goal, timeoutMs } = input;
  const soakMs = goal === 'recovered' ? input.soakMs : 0;
  const lookOnce = lookerFor(cluster, lane, input, signal);
  const deadline = Date.now() + timeoutMs;
  let waitsSince = Date.now();
  let heldSince: number | undefined;
  for (;;) {
    const began = Date.now();
    let look = await lookOnce(false);
    if (Date.now() >= deadline && look.only !== undefined) look = await lookOnce(true);
    const now = Date.now();
    const { seenAt } = look;
    if (look.missing.length > 0) heldSince = undefined;
    else {
      heldSince ??= seenAt;
      if (seenAt - heldSince >= soakMs) return { proofs: look.proofs };
    }
    if (now >= deadline) throw notYet(input, look);
    if (look.only === 'api') waitsSince = now;
    const usual = pauseBefore(goal, now - waitsSince, heldSince !== undefined);
    const pauseMs = look.only === 'api' ? API_POLL_MS : usual;
    const lastLookAt = heldSince === undefined ? deadline : lastOfSoak(heldSince + soakMs, seenAt - began);
    await pause(Math.min(pauseMs, Math.max(50, Math.min(deadline, lastLookAt) - now)), signal);
  }
}

/** When to begin it: it is to end soon after the soak, and one that ends before is not the last. */
function lastOfSoak(endsAt: number, lookTakesMs: number): number {
  return endsAt - 0.75 * lookTakesMs;
}

/** A look that fails is one that proves nothing; the next one may. */
function lookerFor(
  cluster: ClusterConnection,
  lane: NodeLane,
  input: AwaitEtcdInput,
  signal: AbortSignal,
): Looker<Look & { seenAt: number }> {
  const lookOnce = lookFor(cluster, lane, input, signal);
  return async (whole) => {
    const look = await lookOnce(whole).catch((error: unknown): Look => {
      signal.throwIfAborted();
      return { proofs: [], missing: [sentenceOf(error)] };
    });
    return { seenAt: Date.now(), ...look };
  };
}

function lookFor(
  cluster: ClusterConnection,
  lane: NodeLane,
  input: AwaitEtcdInput,
  signal: AbortSignal,
): Looker {
  const throughApi = (how: (api: ApiLook) => Promise<Look>) => () => withApi(cluster, lane, signal, how);
  if (input.goal === 'revision') return throughApi((api) => lookForRevision(api, input));
  if (input.goal === 'rolled-out') return throughApi((api) => lookForRollOut(api, input));
  if (input.goal === 'voter')
    return (whole) =>
      whole ? lookForMachineToo(cluster, lane, input, signal) : lookForVoter(lane, input, signal);
  return recoveredLooker(cluster, lane, input, signal);
}

async function withApi<T>(
  cluster: ClusterConnection,
  lane: NodeLane,
  signal: AbortSignal,
  how: (api: ApiLook) => Promise<T>,
): Promise<T> {
  const look = await lookAtApi(cluster, lane, createBudget(noLimits()), signal);
  try {
    return await how(look);
  } finally {
    look.api?.close();
  }
}

async function lookForRevision(api: ApiLook, { pins, after = 0 }: AwaitEtcdInput): Promise<Look> {
  const { node: name } = pins.target;
  const at = new Date().toISOString();
  const [operator, node, certificates] = await Promise.all([
    readOperator(api),
    readMaster(api, name),
    readCertificates(api, name),
  ]);
  const missing = wantingForRevision({ operator, target: { name, node, certificates } }, { after, pins, at });
  const newest = operator.known ? operator.value.latestAvailableRevision : after;
  return { missing, proofs: [`revision ${newest} is there`] };
}

async function lookForRollOut(api: ApiLook, { pins }: AwaitEtcdInput): Promise<Look> {
  const { node } = pins.target;
  const [operator, pod] = await Promise.all([
    readOperator(api),
    read(api, 'GET pods in openshift-etcd', async (kubernetes) =>
      parseEtcdPod(await platform.listEtcdPods(kubernetes), node),
    ),
  ]);
  const proof = `pod etcd-${node} is of the newest revision and names ${pins.target.addresses.join(', ')}`;
  return { missing: wantingForRollOut(operator, pod, pins), proofs: [proof] };
}

function readOperator(api: ApiLook) {
  return read(api, 'GET etcds/cluster', async (kubernetes) =>
    parseEtcdOperator(await platform.readEtcdOperator(kubernetes)),
  );
}

/** The survivors' word is all that is needed. What makes it slow stands with the others, and is looked at when time is up. */
async function lookForVoter(lane: NodeLane, { pins }: AwaitEtcdInput, signal: AbortSignal): Promise<Look> {
  const survivors = await Promise.all(
    pins.survivors.map(async ({ node: name }) => ({ name, view: await askMember(lane, name, signal) })),
  );
  signal.throwIfAborted();
  return { ...voterAmong(survivors, pins), only: 'survivors' };
}

async function lookForMachineToo(
  cluster: ClusterConnection,
  lane: NodeLane,
  { pins }: AwaitEtcdInput,
  signal: AbortSignal,
): Promise<Look> {
  const { masters } = await observeEtcd(cluster, lane, { signal });
  const look = voterAmong(masters, pins);
  if (look.missing.length === 0) return look;
  const target = masters.find(({ name }) => name === pins.target.node);
  return { ...look, machine: waitsForMachine(target, pins) };
}

function voterAmong(masters: Parameters<typeof wantingForVoter>[0], pins: EtcdPins): Look {
  const proof = `every survivor reaches a voter at ${pins.target.addresses.join(' or ')}`;
  return { missing: wantingForVoter(masters, pins), proofs: [proof] };
}

/**
 * Everything of `proveEtcdRecovered`. The data are compared once all else holds, and again only when it has ceased to hold:
 * what is equal at one revision stays equal there, and was so already when the members had said that they have it. The operator's
 * roll-outs take minutes: while it says that it has not settled nobody else needs to be asked.
 */
function recoveredLooker(
  cluster: ClusterConnection,
  lane: NodeLane,
  { pins }: AwaitEtcdInput,
  signal: AbortSignal,
): Looker {
  const { raftGapAtMost } = cluster.etcd;
  const expected = { pins, raftGapAtMost };
  let hashes: DataHash[] = [];
  let isSettled = true;
  const lookWhole = async (): Promise<Look> => {
    const observation = await observeEtcd(cluster, lane, { signal });
    const seenAt = Date.now();
    isSettled = unsettled(cluster, observation.operator).length === 0;
    const proof = proveEtcdRecovered(observation, hashes, expected);
    // Without hashes exactly one claim is wanting: that they are equal.
    if (hashes.length > 0 || proof.missing.length > 1) {
      if (proof.missing.length > 0) hashes = [];
      const target = observation.masters.find(({ name }) => name === pins.target.node);
      const isVoter = wantingForVoter(observation.masters, pins).length === 0;
      return { ...proof, machine: isVoter ? undefined : waitsForMachine(target, pins) };
    }
    const fresh = await readHashes(lane, observation, signal);
    const all = proveEtcdRecovered(observation, fresh, expected);
    if (all.missing.length === 0) hashes = fresh;
    return { ...all, seenAt };
  };
  return async (whole) => {
    if (whole || isSettled) return await lookWhole();
    const operator = await withApi(cluster, lane, signal, readOperator);
    const missing = unsettled(cluster, operator);
    return missing.length > 0 ? { missing, proofs: [], only: 'api' } : await lookWhole();
  };
}

function unsettled({ masters }: ClusterConnection, operator: Reading<EtcdOperator>): string[] {
  if (!operator.known) return [`etcds/cluster could not be read (${operator.why})`];
  return unsettledIn(operator.value, rollOutOf(operator.value, Object.keys(masters)));
}

function notYet({ goal, timeoutMs, soakMs, pins }: AwaitEtcdInput, { missing, machine }: Look): Error {
  const wanting = missing.length === 0 ? `it has not yet held for ${soakMs / 1000} s` : missing.join('; ');
  const where = `etcd on ${pins.target.node}: ${words[goal]} after ${timeoutMs / 1000} s`;
  return machine === undefined
    ? failure('NotYetHealthy', `${where}: ${wanting}`)
    : failure('MachineNotFollowing', `${where}: ${machine}`);
}

const words: Record<AwaitEtcdInput['goal'], string> = {
  revision: 'no new revision with the certificates it needs',
  'rolled-out': 'its pod is not the one that it needs',
  voter: 'no voter that everybody reaches',
  recovered: 'not proved whole again',
};
