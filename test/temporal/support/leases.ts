import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { Client, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { watchdogId } from '../../../domain/lease.ts';
import type { OverrideLease } from '../../../workflows/override-lease.ts';
import type { LeaseProbe, LeaseProbeInput } from './lease-workflows.ts';

const support = new URL('./', import.meta.url).pathname;

export const leaseWorker = join(support, 'lease-worker.ts');

/** The probe and the product's watchdog, bundled for a worker. Removed with `remove`. */
export async function leaseBundle(): Promise<{ codePath: string; directory: string; remove: () => void }> {
  const directory = mkdtempSync(join(tmpdir(), 'cpr-lease-'));
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(support, 'lease-workflows.ts'),
    payloadConverterPath: join(support, '../../../workflows/payload-converter.ts'),
    logger: new DefaultLogger('ERROR'),
  });
  const codePath = join(directory, 'lease.js');
  writeFileSync(codePath, code);
  return { codePath, directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

export type Probe = WorkflowHandleWithFirstExecutionRunId<typeof LeaseProbe>;

/** A run that takes a lease on the cluster, and looks again at once where it finds nothing. */
export function takeLease(
  client: Client,
  cluster: string,
  work: LeaseProbeInput['work'],
  terms: Partial<LeaseProbeInput['terms']> = {},
): Promise<Probe> {
  const defaults = { target: 'lab-lease-proof', holdMs: 10 * 60_000, lookAgainMs: 100 } as const;
  return client.workflow.start<typeof LeaseProbe>('LeaseProbe', {
    taskQueue: 'runbooks',
    workflowId: `recovery/${cluster}`,
    args: [{ cluster, work, terms: { ...defaults, ...terms } }],
  });
}

export function watchdogOf(client: Client, cluster: string) {
  return client.workflow.getHandle<typeof OverrideLease>(watchdogId(cluster));
}
