import { bootstrapRequester } from '../../domain/kubelet/names.ts';
import { createBudget, noLimits } from '../connections/budget.ts';
import type { ClusterConnection } from '../connections/cluster.ts';
import { connectTo } from '../connections/cluster-api.ts';
import type { NodeLane } from '../connections/node-lane.ts';
import { readBootstrapSecret } from '../connections/reads.ts';
import { createBootstrapToken } from '../connections/writes.ts';
import type { ActActivities } from '../contract.ts';
import { failure } from '../failure.ts';
import { bootstrapKubeconfig, claimsOf } from './bootstrap-file.ts';
import { readNodeBootstrap, type NodeBootstrap, type Pinned } from './node-bootstrap.ts';

const TOKEN_SECONDS = 3600;
/** One that ends sooner is minted again: the kubelet must still be able to ask with it after a night at the gate. */
const STILL_GOOD_MS = 20 * 60_000;

/**
 * A token cannot be read back, so a crash between minting and writing costs a second one; nobody holds the first, and it
 * ends within the hour. What is on the node decides: a still good one of this run stays.
 */
export async function installBootstrapCredential(
  cluster: ClusterConnection,
  lane: NodeLane,
  input: Pinned & { expectedBootstrapSha256: string },
  signal: AbortSignal,
): ReturnType<ActActivities['installBootstrapCredential']> {
  const { node } = input;
  const present = await readNodeBootstrap(lane, input, signal);
  if (isStillGood(present)) {
    const { sha256, expiresAt = '' } = present;
    const sentence = `${node} already has the new bootstrap credential; it is valid until ${expiresAt}`;
    return { changed: false, sentence, sha256, expiresAt };
  }
  if (!present.ours && present.sha256 !== input.expectedBootstrapSha256) {
    throw failure(
      'PreconditionFailed',
      `${node}: the bootstrap file changed since the approval (${present.sha256})`,
    );
  }
  const { token, expiresAt } = await mintToken(cluster, lane, signal);
  const content = bootstrapKubeconfig({ ...present, token });
  const { sha256, changed } = await write(lane, input, input.expectedBootstrapSha256, content, signal);
  const sentence = `${node} has a new bootstrap credential of node-bootstrapper, valid until ${expiresAt}`;
  return { changed, sentence, sha256, expiresAt };
}

/** The same from the secret node-bootstrapper-token, whose token does not expire: with it the node can help itself again. */
export async function installDurableBootstrap(
  cluster: ClusterConnection,
  lane: NodeLane,
  input: Pinned & { expectedBootstrapSha256?: string },
  signal: AbortSignal,
): ReturnType<ActActivities['installDurableBootstrap']> {
  const { node } = input;
  const present = await readNodeBootstrap(lane, input, signal);
  if (present.durable && present.accepted && present.sameCluster && present.subject === bootstrapRequester) {
    const sentence = `${node} already has a bootstrap file that does not expire, and it is accepted`;
    return { changed: false, sentence, sha256: present.sha256 };
  }
  if (!present.ours && present.sha256 !== input.expectedBootstrapSha256) {
    throw failure(
      'PreconditionFailed',
      `${node}: the bootstrap file is neither one that this run installed nor the one that was approved to be replaced`,
    );
  }
  const token = await readDurableToken(cluster, lane, signal);
  const content = bootstrapKubeconfig({ ...present, token });
  const { sha256, changed } = await write(lane, input, present.sha256, content, signal);
  const sentence = `${node} has a bootstrap file from node-bootstrapper-token, which does not expire and is accepted`;
  return { changed, sentence, sha256 };
}

function isStillGood(present: NodeBootstrap): boolean {
  return present.ours && present.accepted && present.sameCluster && (present.validForMs ?? 0) > STILL_GOOD_MS;
}

/** The script asks the API with the new file before it puts it in place. */
async function write(
  lane: NodeLane,
  { node, runId }: Pinned,
  expected: string,
  content: string,
  signal: AbortSignal,
): Promise<{ sha256: string; changed: boolean }> {
  const script = 'install-bootstrap.sh';
  const said = await lane.run({ node, runId, script, args: [node, expected], input: content, signal });
  return { sha256: said['sha256'] ?? '', changed: said['changed'] === 'yes' };
}

async function mintToken(
  cluster: ClusterConnection,
  lane: NodeLane,
  signal: AbortSignal,
): Promise<{ token: string; expiresAt: string }> {
  const api = await connectTo(cluster, lane, { budget: createBudget(noLimits()), signal });
  try {
    const { status } = await createBootstrapToken(api, TOKEN_SECONDS);
    const token = status?.token ?? '';
    const claims = claimsOf(token);
    if (claims?.subject !== bootstrapRequester || claims.expires === undefined) {
      throw failure('PreconditionFailed', `the API server gave no expiring token of ${bootstrapRequester}`);
    }
    return { token, expiresAt: new Date(claims.expires * 1000).toISOString() };
  } finally {
    api.close();
  }
}

async function readDurableToken(
  cluster: ClusterConnection,
  lane: NodeLane,
  signal: AbortSignal,
): Promise<string> {
  const api = await connectTo(cluster, lane, { budget: createBudget(noLimits()), signal });
  try {
    const secret = await readBootstrapSecret(api);
    const token = Buffer.from(secret?.data?.['token'] ?? '', 'base64').toString('utf8');
    const claims = claimsOf(token);
    if (!claims) throw failure('PreconditionFailed', 'secret node-bootstrapper-token holds no token');
    if (claims.subject !== bootstrapRequester) {
      throw failure(
        'PreconditionFailed',
        `secret node-bootstrapper-token holds a token of ${claims.subject}`,
      );
    }
    if (claims.expires !== undefined) {
      throw failure('PreconditionFailed', 'the token in secret node-bootstrapper-token expires');
    }
    return token;
  } finally {
    api.close();
  }
}
