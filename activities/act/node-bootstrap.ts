import type { NodeLane } from '../connections/node-lane.ts';
import type { RunRef } from '../contract.ts';
import { failure } from '../failure.ts';

/** What `read-bootstrap.sh` found: what a new bootstrap file is made from, and what is there now. */
export interface NodeBootstrap {
  server: string;
  tlsServerName: string;
  /** Base64 of PEM. */
  ca: string;
  /** Hash of the present file, or `missing`. */
  sha256: string;
  /** This run put it there. */
  ours: boolean;
  accepted: boolean;
  durable: boolean;
  subject: string;
  /** For the same server and certificate authority as the kubeconfig. */
  sameCluster: boolean;
  /** By the node's clock; undefined without an expiry. */
  validForMs?: number;
  expiresAt?: string;
}

export interface Pinned extends RunRef {
  server: string;
  caSha256: string;
  /** Where they are read on the node, if not in the kubelet's own kubeconfig. */
  source?: string;
}

/**
 * Reads the node's own side of a new bootstrap file and proves it: server and CA are the ones that were approved, and that
 * server answers to that CA. Throws `PreconditionFailed` when they are not, `OutcomeUnknown` when nothing answered.
 */
export async function readNodeBootstrap(
  lane: NodeLane,
  { node, runId, server, caSha256, source }: Pinned,
  signal: AbortSignal,
): Promise<NodeBootstrap> {
  const args = [node, ...(source === undefined ? [] : [source])];
  const said = await lane.run({ node, runId, script: 'read-bootstrap.sh', args, signal });
  const value = (key: string) => said[key] ?? '';
  if (value('server') !== server) {
    throw failure('PreconditionFailed', `${node}: its kubeconfig names ${value('server')}, not ${server}`);
  }
  if (value('caSha256') !== caSha256) {
    throw failure('PreconditionFailed', `${node}: the CA in its kubeconfig is not the one that was approved`);
  }
  if (value('proved') !== 'yes') {
    const detail = value('proofDetail');
    const untrusted = /x509|certificate/.test(detail);
    const sentence = `${node}: ${server} does not answer to the CA in the kubeconfig: ${detail}`;
    throw failure(untrusted ? 'PreconditionFailed' : 'OutcomeUnknown', sentence);
  }
  return {
    server,
    tlsServerName: value('tlsServerName'),
    ca: value('ca'),
    sha256: value('sha256'),
    ours: value('ours') === 'yes',
    accepted: value('accepted') === 'yes',
    durable: value('durable') === 'yes',
    subject: value('subject'),
    sameCluster: value('bootstrapServer') === server && value('bootstrapCaSha256') === caSha256,
    ...validityOf(value('expires'), value('now')),
  };
}

function validityOf(expires: string, now: string): Pick<NodeBootstrap, 'validForMs' | 'expiresAt'> {
  if (!/^\d{1,12}$/.test(expires)) return {};
  const ms = Number(expires) * 1000;
  return { validForMs: ms - Number(now) * 1000, expiresAt: new Date(ms).toISOString() };
}
