import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasStarted, type Member, type MemberHealth } from './rules/types.ts';

/** PEM: etcd's authority, and a client certificate that it has signed. */
export interface EtcdCredential {
  ca: string;
  cert: string;
  key: string;
}

/** etcd's own interface as the operator uses it, over its JSON gateway. Errors carry etcd's words. */
export interface EtcdClient {
  /** Linearizable: fails without a quorum. */
  members(): Promise<Member[]>;
  /** One member after the other, up to 30 s for each that does not answer. */
  health(members: readonly Member[]): Promise<MemberHealth[]>;
  addLearner(peerUrl: string): Promise<void>;
  promote(id: string): Promise<void>;
  remove(id: string): Promise<void>;
}

/** How long the operator's own client tries a read before it calls it failed: seconds of silence are no news to it. */
const READ_TIMEOUT_MS = 30_000;
const CALL_TIMEOUT_MS = 5_000;

interface RawMember {
  /** Decimal text: etcd's gateway writes 64-bit numbers so. */
  ID: string;
  name?: string;
  peerURLs?: string[];
  clientURLs?: string[];
  isLearner?: boolean;
}

/** `endpoints` are client URLs, asked in turn until one answers; a read is tried again until its time is over. */
export function openEtcd(
  credential: EtcdCredential,
  endpoints: () => readonly string[],
  readTimeoutMs = READ_TIMEOUT_MS,
): EtcdClient {
  const any = async <T>(path: string, body: object): Promise<T> => {
    let last: unknown = new Error('no etcd endpoint is known');
    for (const endpoint of endpoints()) {
      try {
        return (await call(credential, endpoint, path, body, CALL_TIMEOUT_MS)) as T;
      } catch (error) {
        if (error instanceof EtcdError) throw error;
        last = error;
      }
    }
    throw last;
  };
  const list = () => any<{ members?: RawMember[] }>('/v3/cluster/member/list', { linearizable: true });
  return {
    members: async () => {
      const deadline = performance.now() + readTimeoutMs;
      for (;;) {
        try {
          return ((await list()).members ?? []).map(readMember);
        } catch (error) {
          if (error instanceof EtcdError || performance.now() > deadline) throw error;
        }
        await sleep(1000);
      }
    },
    health: async (members) => {
      const answers: MemberHealth[] = [];
      for (const member of members) answers.push(await healthOf(credential, member));
      return answers;
    },
    addLearner: (peerUrl) => any('/v3/cluster/member/add', { peerURLs: [peerUrl], isLearner: true }),
    promote: (id) => any('/v3/cluster/member/promote', { ID: id }),
    remove: (id) => any('/v3/cluster/member/remove', { ID: id }),
  };
}

/** etcd has answered, and the answer is no: another endpoint would not say anything else. */
export class EtcdError extends Error {}

function readMember(raw: RawMember): Member {
  return {
    id: raw.ID,
    name: raw.name ?? '',
    peerUrls: raw.peerURLs ?? [],
    clientUrls: raw.clientURLs ?? [],
    learner: raw.isLearner ?? false,
  };
}

/** As a gRPC client does, it goes on knocking until its time is over: a refused connection is no answer yet. */
async function healthOf(credential: EtcdCredential, member: Member): Promise<MemberHealth> {
  const [endpoint] = member.clientUrls;
  if (!hasStarted(member) || endpoint === undefined) return { member, healthy: false };
  const started = performance.now();
  const body = { key: Buffer.from('health').toString('base64'), serializable: member.learner };
  for (let error = ''; ; await sleep(1000)) {
    const left = READ_TIMEOUT_MS - (performance.now() - started);
    if (left <= 0) return { member, healthy: false, error: `health check failed: ${error || 'timed out'}` };
    try {
      await call(credential, endpoint, '/v3/kv/range', body, left);
      return { member, healthy: true, took: `${(performance.now() - started).toFixed(6)}ms` };
    } catch (problem) {
      error = messageOf(problem);
    }
  }
}

function call(
  { ca, cert, key }: EtcdCredential,
  endpoint: string,
  path: string,
  body: object,
  timeout: number,
): Promise<unknown> {
  const { hostname: host, port } = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const out = request({ method: 'POST', host, port, path, ca, cert, key, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(problemOf(response.statusCode ?? 0, text));
      });
    });
    // The socket's own timeout starts anew with every byte; this is the time for all of it.
    const timer = setTimeout(() => out.destroy(new Error('context deadline exceeded')), timeout);
    out.on('close', () => clearTimeout(timer));
    out.on('error', reject);
    out.end(JSON.stringify(body));
  });
}

/** A member that cannot serve (no leader, shutting down) is one to ask elsewhere about; a refusal is everybody's. */
function problemOf(status: number, text: string): Error {
  const message = wordsOf(text);
  return status === 503 || status === 504 ? new Error(message) : new EtcdError(message);
}

function wordsOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text.slice(0, 200);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
