import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { ETCD_CERTS } from '../../../lab/cluster/paths.ts';
import type { Lab } from '../../../lab/lab.ts';

/** What a client of etcd has lived through. */
export interface WriterRecord {
  acknowledged: number;
  failed: string[];
  /** Acknowledged, and not there as it was written. */
  lost: string[];
}

export interface Writer {
  /** Stops writing and reads back every acknowledged write. */
  finish(): Promise<WriterRecord>;
  /** For a test that fails before that: it would write for ever. */
  stop(): void;
}

const PAUSE_MS = 100;
const prefix = '/control-plane-recovery-test/writer/';

/** Writes numbered keys to the three members in turn, all along, through their gateway. */
export async function startWriter(lab: Lab): Promise<Writer> {
  const post = await etcdClient(lab);
  const acknowledged = new Map<string, string>();
  const failed: string[] = [];
  const stop = new AbortController();
  const work = (async () => {
    for (let number = 0; !stop.signal.aborted; number++) {
      const member = lab.masters[number % lab.masters.length] ?? '';
      const key = `${prefix}${String(number).padStart(6, '0')}`;
      const value = `${number} at ${Date.now()}`;
      try {
        await post(member, '/v3/kv/put', { key: base64(key), value: base64(value) });
        acknowledged.set(key, value);
      } catch (error) {
        failed.push(`${key} to ${member}: ${String(error)}`);
      }
      await sleep(PAUSE_MS);
    }
  })();
  return {
    stop: () => stop.abort(),
    finish: async () => {
      stop.abort();
      await work;
      const range = { key: base64(prefix), range_end: base64(`${prefix.slice(0, -1)}0`) };
      const answer = await post(lab.masters[0], '/v3/kv/range', range);
      const there = new Map(
        ((answer.kvs ?? []) as KeyValue[]).map(({ key, value }) => [fromBase64(key), fromBase64(value)]),
      );
      await post(lab.masters[0], '/v3/kv/deleterange', range);
      const lost = [...acknowledged].filter(([key, value]) => there.get(key) !== value).map(([key]) => key);
      return { acknowledged: acknowledged.size, failed, lost };
    },
  };
}

interface KeyValue {
  key: string;
  value: string;
}

type Post = (member: string | undefined, path: string, body: object) => Promise<{ kvs?: unknown }>;

async function etcdClient(lab: Lab): Promise<Post> {
  const file = async (path: string) => (await lab.sh('master-0', ['cat', `${ETCD_CERTS}/${path}`])).stdout;
  const [ca, cert, key] = await Promise.all([
    file('configmaps/etcd-all-bundles/server-ca-bundle.crt'),
    file('secrets/etcd-all-certs/etcd-peer-master-0.crt'),
    file('secrets/etcd-all-certs/etcd-peer-master-0.key'),
  ]);
  return (member = 'master-0', path, body) =>
    new Promise((resolve, reject) => {
      const options = {
        method: 'POST',
        path,
        host: lab.address(member),
        port: 2379,
        ca,
        cert,
        key,
        timeout: 5000,
      };
      const call = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          if (response.statusCode === 200) resolve(JSON.parse(text) as object);
          else reject(new Error(`${response.statusCode}: ${text}`));
        });
      });
      call.on('timeout', () => call.destroy(new Error('no answer within 5 s')));
      call.on('error', reject);
      call.end(JSON.stringify(body));
    });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}
