import type {
  Activities,
  ActivityErrorType,
  RunHistoryActivities,
  VerifyInput,
  VerifyResult,
  VerifyStatementInput,
} from '../../activities/contract.ts';
import { createDecideActivities } from '../../activities/decide/index.ts';
import { provePlatform } from '../../domain/kubelet/platform-proof.ts';
import { proveGraduated, proveRecovered, proveServing } from '../../domain/kubelet/proof.ts';
import type { SignatureVerdict } from '../../domain/statement.ts';
import { masterOf } from '../support/observations.ts';
import { simulatedActs } from './acts.ts';
import { failure } from './failure.ts';
import { simulatedLadder } from './ladder.ts';
import { simulatedLeases } from './leases.ts';
import { simulatedEtcdActs, simulatedEtcdObserve } from './etcd/activities.ts';
import type { EtcdModel } from './etcd/state.ts';
import { evidenceOf, observationOf } from './observe.ts';
import type { SimulatedCluster } from './state.ts';

/** What Temporal itself answers. */
type Elsewhere = keyof RunHistoryActivities;
type Simulated = Omit<Activities, Elsewhere>;
type Name = keyof Simulated;

/** Stands in for one activity call: may act before, after or instead of it. `call` counts from 1. */
export type Interception = (perform: () => Promise<unknown>, call: number) => Promise<unknown>;

/** A deterministic control plane behind the same contract as the real one, and what a test may do to its calls. */
export interface Simulator {
  cluster: SimulatedCluster;
  /** Names of all activities called, in order. */
  calls: Name[];
  intercept(name: Name, interception: Interception): void;
  /** The first `times` calls fail so, without effect. */
  fail(name: Name, type: ActivityErrorType, times?: number): void;
  /** Changes the cluster directly before the given call. */
  before(name: Name, call: number, change: (cluster: SimulatedCluster) => void): void;
  activities: Simulated;
}

export function simulate(cluster: SimulatedCluster, clock: () => Date = () => new Date()): Simulator {
  const interceptions: Partial<Record<Name, Interception[]>> = {};
  const counts: Partial<Record<Name, number>> = {};
  const calls: Name[] = [];
  const plain = {
    ...simulatedObservation(cluster, clock),
    ...simulatedActs(() => cluster, clock),
    ...simulatedEtcdObserve(() => withModel(cluster), clock),
    ...simulatedEtcdActs(() => withModel(cluster)),
    ...simulatedLadder(() => cluster, clock),
    ...simulatedLeases(cluster),
    ...createDecideActivities(),
  };

  function wrapped(name: Name, perform: (input: never) => Promise<unknown>) {
    return async (input: never) => {
      calls.push(name);
      const call = (counts[name] = (counts[name] ?? 0) + 1);
      const layers = interceptions[name] ?? [];
      let next = () => perform(input);
      for (const layer of layers) {
        const inner = next;
        next = () => layer(inner, call);
      }
      return await next();
    };
  }

  const simulator: Simulator = {
    cluster,
    calls,
    intercept: (name, interception) => {
      (interceptions[name] ??= []).push(interception);
    },
    fail: (name, type, times = 1) =>
      simulator.intercept(name, (perform, call) => {
        if (call <= times) throw failure(type, `injected: ${type}`);
        return perform();
      }),
    before: (name, at, change) =>
      simulator.intercept(name, (perform, call) => {
        if (call === at) change(cluster);
        return perform();
      }),
    // The cast: each name has what was there under it, wrapped.
    activities: Object.fromEntries(
      Object.entries(plain).map(([name, perform]) => [name, wrapped(name as Name, perform as never)]),
    ) as unknown as Simulator['activities'],
  };
  return simulator;
}

function withModel(cluster: SimulatedCluster): EtcdModel {
  if ('model' in cluster) return cluster as EtcdModel;
  throw failure('PreconditionFailed', `${cluster.name} has no etcd operator`);
}

function simulatedObservation(cluster: SimulatedCluster, clock: () => Date) {
  return {
    observeControlPlane: async () => observationOf(cluster, clock()),
    observeKubelet: async ({ node }: { node: string }) => evidenceOf(cluster, node, clock()),
    readPolicy: async () => ({ policy: cluster.policy, etcd: cluster.etcd, scripts: cluster.scripts }),
    verifyStatement: async (input: VerifyStatementInput) => verdictOn(input),
    verifyKubeletRecovery: async (input: VerifyInput) => verify(cluster, input, clock()),
    verifyPlatform: async ({ node }: { node: string }) => {
      const { proofs, missing } = provePlatform(observationOf(cluster, clock()), node);
      if (missing.length > 0) throw failure('NotYetHealthy', missing.join('; '));
      return { proofs };
    },
  };
}

/** In the model the signature `good` is one of whoever `by` names, with a key of their own, over whatever was sent. */
function verdictOn({ statement, signature }: VerifyStatementInput): SignatureVerdict {
  const { by = '' } = statement;
  if (signature === 'good') return { valid: true, proof: { principal: by, key: `SHA256:key-of-${by}` } };
  return {
    valid: false,
    refused: 'BadSignature',
    sentence: 'It is not a signature of exactly these fields.',
  };
}

/** One look suffices: in the model nothing comes by itself. */
function verify(cluster: SimulatedCluster, input: VerifyInput, now: Date): VerifyResult {
  const { node: name, server, since, stage, bootstrapOwed = false } = input;
  const master = masterOf(observationOf(cluster, now), name);
  const { kubelet, node, mirrorPods, etcd, apiServer } = master;
  if (!kubelet.known || !node.known || !mirrorPods.known || !etcd.known || !apiServer.known)
    throw failure('NotYetHealthy', `${name} cannot be seen`);
  const prove = { graduated: proveGraduated, recovered: proveRecovered, serving: proveServing }[stage];
  const seen = {
    kubelet: kubelet.value,
    node: node.value,
    mirrorPods: mirrorPods.value,
    etcd: etcd.value,
    apiServer: apiServer.value,
  };
  const { proofs, missing } = prove(seen, { node: name, server, since, bootstrapOwed });
  if (missing.length > 0) throw failure('NotYetHealthy', missing.join('; '));
  return { proofs, evidence: kubelet.value };
}
