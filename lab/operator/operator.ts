import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '../cluster/api.ts';
import type { ClusterPki } from '../cluster/certificates.ts';
import type { ControlPlaneImages } from '../cluster/pod.ts';
import { openBoard, type EtcdResource } from './board.ts';
import { openDue, type Operator, type Sync } from './context.ts';
import { syncCertificates } from './controllers/certificates.ts';
import { syncEndpoints } from './controllers/endpoints.ts';
import { syncGuards } from './controllers/guard.ts';
import { syncInstaller } from './controllers/installer.ts';
import { memberController, removalController } from './controllers/membership.ts';
import { syncPruner } from './controllers/pruner.ts';
import { syncRevision } from './controllers/revision.ts';
import { syncClusterOperator, syncStatus } from './controllers/status.ts';
import { syncTargetConfig } from './controllers/target-config.ts';
import { openEtcd } from './etcd-client.ts';
import { eventRecorder } from './events.ts';
import { memberCache } from './member-cache.ts';
import type { Profile } from './rules/profiles.ts';
import type { Member } from './rules/types.ts';
import { readView, type View } from './view.ts';

export interface OperatorOptions {
  api: Api;
  profile: Profile;
  /** `etcds/cluster` as it is found. */
  resource: EtcdResource;
  images: ControlPlaneImages;
  pki: ClusterPki;
  /** Seconds that an installer sleeps before it begins. */
  installerWait: () => number;
  log: (line: string) => void;
  signal: AbortSignal;
}

const CYCLE_MS = 1500;
const MEMBERS_MS = 2000;

/** In this order, each on the view that the cycle began with: what one writes, the others see in the next cycle. */
const CYCLE: Record<string, Sync> = {
  EtcdEndpointsController: syncEndpoints,
  TargetConfigController: syncTargetConfig,
  EtcdCertSignerController: syncCertificates,
  RevisionController: syncRevision,
  InstallerController: syncInstaller,
  GuardController: syncGuards,
  PruneController: syncPruner,
  StatusController: syncStatus,
  ClusterOperatorStatusController: syncClusterOperator,
};

/** Runs until the signal; whatever fails is logged and tried again, as an operator does whose cluster is broken. */
export async function runOperator(options: OperatorOptions): Promise<void> {
  const { signal, log } = options;
  const state: State = { view: undefined, members: undefined };
  const operator = open(options, state);
  const view = () => state.view;
  log(`operator ${operator.profile.name} runs, revision ${operator.board.latest()}`);
  await Promise.all([
    loop('view', CYCLE_MS, signal, log, () => cycle(operator, state)),
    loop(
      'members',
      MEMBERS_MS,
      signal,
      log,
      withView(view, () => listMembers(operator, state)),
    ),
    operator.cache.run(signal, () => state.view !== undefined),
    loop('ClusterMemberController', MEMBERS_MS, signal, log, withView(view, memberController(operator))),
    loop(
      'ClusterMemberRemovalController',
      MEMBERS_MS,
      signal,
      log,
      withView(view, removalController(operator)),
    ),
  ]);
}

async function listMembers({ etcd }: Operator, state: State): Promise<void> {
  state.members = await etcd.members().catch(messageOf);
}

interface State {
  view: View | undefined;
  members: readonly Member[] | string | undefined;
}

function open(options: OperatorOptions, state: State): Operator {
  const { api, pki, profile, resource, log } = options;
  const credential = {
    ca: pki.read('etcd-signer.crt'),
    cert: pki.read('etcd-client.crt'),
    key: pki.read('etcd-client.key'),
  };
  const etcd = openEtcd(credential, () => clientUrls(state.view));
  return {
    ...options,
    board: openBoard(resource, profile),
    record: eventRecorder(api, log),
    etcd,
    cache: memberCache(etcd),
    liveMembers: () => state.members,
    due: openDue(),
  };
}

async function cycle(operator: Operator, state: State): Promise<void> {
  const view = await readView(operator.api);
  state.view = view;
  if (view.etcd.spec?.managementState === 'Unmanaged') return;
  for (const [name, sync] of Object.entries(CYCLE)) {
    try {
      await sync(view, operator);
    } catch (error) {
      operator.log(`${name}: ${messageOf(error)}`);
    }
  }
  await operator.board.flush(operator.api);
}

/** Nodes and endpoints as they were last seen: the operator goes on asking etcd while the API is down. */
function clientUrls(view: View | undefined): string[] {
  const endpoints = Object.values(view?.object('configmap', 'etcd-endpoints')?.data ?? {});
  const addresses = new Set([...endpoints, ...(view?.masters ?? []).map(({ address }) => address)]);
  return [...addresses].map((address) => `https://${address}:2379`);
}

function withView(view: () => View | undefined, work: (view: View) => Promise<void>): () => Promise<void> {
  return async () => {
    const now = view();
    if (now && now.etcd.spec?.managementState !== 'Unmanaged') await work(now);
  };
}

async function loop(
  name: string,
  everyMs: number,
  signal: AbortSignal,
  log: (line: string) => void,
  work: () => Promise<void>,
): Promise<void> {
  let said = '';
  while (!signal.aborted) {
    try {
      await work();
      said = '';
    } catch (error) {
      const text = `${name}: ${messageOf(error)}`;
      if (text !== said) log(text);
      said = text;
    }
    await sleep(everyMs, undefined, { signal }).catch(() => {});
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
