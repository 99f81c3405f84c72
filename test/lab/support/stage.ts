import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import type { RecoveryRequest, RunState } from '../../../domain/run.ts';
import { openLab, type Lab } from '../../../lab/lab.ts';
import {
  recoveryWorkflowId,
  stateQuery,
  voteUpdate,
  type RecoveryResult,
} from '../../../workflows/messages.ts';
import { startRecovery, untilGate, type Recovery } from '../../temporal/support/recoveries.ts';
import { startTestTemporal, type TestTemporal } from '../../temporal/support/temporal.ts';
import { spawnWorker, type WorkerProcess } from '../../temporal/support/worker-process.ts';

/** The running lab, a Temporal server of this file's own, and as many workers as a test wants to start and kill. */
export interface Stage extends AsyncDisposable {
  lab: Lab;
  temporal: TestTemporal;
  /** For the lab, with little patience. */
  inventory: string;
  /** The same with another kubeconfig, given as text. */
  inventoryWith(kubeconfig: string): string;
  startWorker(options?: WorkerOptions): Promise<WorkerProcess>;
  /** Starts the recovery of the lab; whatever one is open is ended with the stage. */
  recover(request?: Partial<RecoveryRequest>): Promise<Recovery>;
  /** Ends the recovery that is open, if any: the next test wants the lock. */
  endRecovery(): Promise<void>;
}

export interface WorkerOptions {
  inventory?: string;
  /** Comes first on the worker's PATH. */
  path?: string;
  env?: NodeJS.ProcessEnv;
}

/** `change` makes the lab's inventory that of the tests: what is approved how, by whom. */
export async function openStage(change: (cluster: InventoryCluster) => void = () => {}): Promise<Stage> {
  const lab = await openLab();
  assert.ok(lab, 'no lab is running: start one with `npm run cpr -- lab up`, or run `npm run test:lab`');
  const temporal = await startTestTemporal();
  const directory = mkdtempSync(join(tmpdir(), 'cpr-lab-test-'));
  const inventory = writeInventory(lab, directory, 'clusters', change);
  const workers: WorkerProcess[] = [];
  return {
    lab,
    temporal,
    inventory,
    inventoryWith: (kubeconfig) => {
      const file = join(directory, 'other.kubeconfig');
      writeFileSync(file, kubeconfig, { mode: 0o600 });
      return writeInventory(lab, directory, 'other', (cluster) => {
        change(cluster);
        cluster.api.kubeconfig = file;
      });
    },
    startWorker: async ({ inventory: config = inventory, path, env: more } = {}) => {
      const env = {
        ...more,
        TEMPORAL_ADDRESS: temporal.server.address,
        PATH: [path, process.env['PATH']].filter(Boolean).join(':'),
      };
      const worker = await spawnWorker({ args: ['--config', config], env });
      workers.push(worker);
      return worker;
    },
    recover: (request) => startRecovery(temporal, { cluster: lab.name, node: 'master-1', ...request }),
    endRecovery: () => endRecovery(temporal, lab),
    [Symbol.asyncDispose]: async () => {
      await endRecovery(temporal, lab);
      await Promise.all(workers.map((worker) => worker.kill()));
      await temporal.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** What of a cluster of the inventory a test may want otherwise. */
interface InventoryCluster {
  api: { kubeconfig: string };
  approvals?: string;
  approvers?: object;
  policy?: object;
}

/** The lab's own inventory, with shorter waits: ten seconds of soaking in each of a dozen recoveries prove no more. */
function writeInventory(
  lab: Lab,
  directory: string,
  name: string,
  change: (cluster: InventoryCluster) => void,
): string {
  const { clusters } = parse(readFileSync(lab.inventory, 'utf8')) as {
    clusters: Record<string, InventoryCluster>;
  };
  for (const cluster of Object.values(clusters)) {
    cluster.policy = { gateDeadline: '10m', reobserveEvery: '20s', soak: '1s' };
    change(cluster);
  }
  const file = join(directory, `${name}.yaml`);
  writeFileSync(file, stringify({ clusters }));
  return file;
}

/** Approves the plan that waits, as a person would; returns the moment of the vote, seconds since 1970. */
export async function approve(recovery: Recovery): Promise<number> {
  const { gate } = await untilGate(recovery);
  assert.ok(gate);
  return await approveGate(recovery, gate);
}

/** The same for a gate that is known to be open. */
export async function approveGate(recovery: Recovery, gate: NonNullable<RunState['gate']>): Promise<number> {
  const at = Date.now() / 1000;
  const vote = {
    gate: gate.id,
    nonce: gate.nonce,
    decision: 'approve',
    by: 'grace',
    reason: 'as planned',
    cluster: gate.subject.cluster,
  } as const;
  await recovery.executeUpdate(voteUpdate, { args: [vote] });
  return at;
}

/**
 * Amply: an undisturbed recovery takes twenty seconds, one whose worker was killed thirty; one whose kubelet has lost a mirror pod
 * (docs/runbooks/kubelet-auth-recovery.md, "How long it takes") a minute and a half more; and several times that on a busy machine.
 */
const WAIT_MS = 480_000;

/** The result. A run that is blocked says so at once instead of by a test that hangs. */
export async function ended(
  recovery: Pick<Recovery, 'query' | 'result'>,
  waitMs = WAIT_MS,
): Promise<RecoveryResult> {
  const result = recovery.result();
  result.catch(() => {});
  const deadline = Date.now() + waitMs;
  let last: RunState | undefined;
  for (;;) {
    const first = await Promise.race([result, sleep(500)]);
    if (first) return first;
    // Nobody answers while the worker is dead; that is no verdict.
    last = (await recovery.query(stateQuery).catch(() => undefined)) ?? last;
    if (last?.blocked) throw new Error(`blocked at ${last.blocked.stepId}: ${last.blocked.error}`);
    if (Date.now() > deadline) throw new Error(`no end in sight: ${JSON.stringify(last?.timeline, null, 2)}`);
  }
}

async function endRecovery({ client }: TestTemporal, { name }: Lab): Promise<void> {
  // There may be none, or it may have ended: both are what is wanted.
  await client.workflow
    .getHandle(recoveryWorkflowId(name))
    .terminate('the test is over')
    .catch(() => {});
}
