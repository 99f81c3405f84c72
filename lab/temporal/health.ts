import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { registerSearchAttributes } from '../../worker/search-attributes.ts';
import type { TemporalServer } from './server.ts';

const pollMs = 50;

/**
 * Returns when the server answers, its namespace exists with our search attributes, and the Web UI delivers its page.
 * Throws after `timeoutMs` with what was missing last.
 */
export async function untilHealthy(
  server: Pick<TemporalServer, 'address' | 'uiUrl'>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let missing: unknown;
  for (;;) {
    signal?.throwIfAborted();
    try {
      await listening(server.address);
      await serving(server.address);
      await delivers(server.uiUrl);
      return;
    } catch (error) {
      missing = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`The Temporal server at ${server.address} did not serve within ${timeoutMs / 1000} s`, {
        cause: missing,
      });
    }
    await sleep(pollMs, undefined, { signal }).catch(() => {});
  }
}

/** A refused gRPC connection is tried again only after a second; a plain socket tells at once. */
function listening(address: string): Promise<void> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect({ host: host ?? '', port: Number(port) }, () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}

async function serving(address: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: '2s' });
  try {
    await connection.workflowService.describeNamespace({ namespace: 'default' });
    await registerSearchAttributes(connection, 'default');
  } finally {
    await connection.close();
  }
}

async function delivers(uiUrl: string): Promise<void> {
  const response = await fetch(uiUrl, { signal: AbortSignal.timeout(2_000) });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`the Web UI at ${uiUrl} answers ${response.status}`);
}
