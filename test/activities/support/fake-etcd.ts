import type { TestContext } from 'node:test';
import { SubjectAlternativeNameExtension } from '@peculiar/x509';
import type { ClusterConnection } from '../../../activities/connections/cluster.ts';
import type { NodeLane, NodeScriptCall } from '../../../activities/connections/node-lane.ts';
import { certificateSecrets } from '../../../domain/etcd/names.ts';
import { certificate } from './certificates.ts';
import * as platform from './etcd-platform.ts';
import { database } from './etcd-node.ts';
import { memberWords, members, reach, status } from './etcd-words.ts';
import { fakeApi, refused, type FakeAnswer, type FakeApi, type FakeCall } from './fake-api.ts';
import { clusterWith } from './fake-node.ts';
import { stubLane } from './stub-lane.ts';

/** The three masters of the lab that `etcd-words.ts` was taken from: name, address, member id in decimal. */
const masters = [
  ['master-0', '10.79.0.11', '4989362199670072499'],
  ['master-1', '10.79.0.12', '8452567673654210949'],
  ['master-2', '10.79.0.13', '8761453617033895868'],
] as const;
const names = masters.map(([name]) => name);
export const secretKey = 'the-private-key-of-etcd';

/** A whole cluster's API and masters, healthy but for what `change` and `lane` answer instead. */
export interface FakeEtcd {
  cluster: ClusterConnection;
  api: FakeApi;
  lane: NodeLane;
  /** Scripts that were run: `master-0 observe-etcd.sh`. */
  ran: string[];
}

interface Change {
  api?: (call: FakeCall) => FakeAnswer | undefined;
  node?: (call: NodeScriptCall) => Record<string, string> | Promise<Record<string, string>> | undefined;
}

export async function fakeEtcd(t: TestContext, change: Change = {}): Promise<FakeEtcd> {
  const secrets = await secretsOf();
  const api = await fakeApi(t, (call) => change.api?.(call) ?? route(call, secrets));
  const ran: string[] = [];
  const lane = stubLane(async (call) => {
    ran.push(`${call.node} ${call.script}`);
    return (await change.node?.(call)) ?? wordsOf(call);
  });
  const cluster = clusterWith('master-0', api.kubeconfig);
  cluster.masters = Object.fromEntries(masters.map(([name, address]) => [name, { address }]));
  return { cluster, api, lane, ran };
}

function wordsOf({ node, script, args = [] }: NodeScriptCall): Record<string, string> {
  const id = masters.find(([name]) => name === node)?.[2] ?? '';
  if (script === 'hash-etcd.sh') return { hash: hashWords(id, args[1] ?? '') };
  return lookWords(node);
}

export function hashWords(id: string, revision: string, hash = '77'): string {
  const header = `"header":{"cluster_id":15669624906256097394,"member_id":${id},"revision":${revision}}`;
  return `[{"Endpoint":"https://localhost:2379","HashKV":{${header},"hash":${hash},"compact_revision":4}}]`;
}

/** What `observe-etcd.sh` says of a healthy master. */
export function lookWords(node: string, change: Record<string, string> = {}): Record<string, string> {
  const id = masters.find(([name]) => name === node)?.[2] ?? '';
  const own = (text: string) => text.replace('"member_id":8452567673654210949', `"member_id":${id}`);
  return {
    containers: 'etcd\tCONTAINER_RUNNING\tabc\netcdctl\tCONTAINER_RUNNING\tdef',
    member: memberWords({ status: own(status), members: own(members), reach }),
    memberError: '',
    'data.state': 'present',
    'data.free': '71625596928',
    'data.writable': 'yes',
    'data.ownMount': 'yes',
    'data.database': database().subarray(0, 80).toString('hex'),
    'data.log': '040000000000008408041000',
    room: '71625584640',
    'manifest.sha256': 'a'.repeat(64),
    'manifest.body': '{"kind":"Pod","metadata":{"labels":{"revision":"2"}}}',
    'manifest.copies': `2 ${'a'.repeat(64)}`,
    certificates: `usable etcd-peer-${node}\nusable etcd-serving-${node}`,
    log: '',
    ...change,
  };
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

async function secretsOf(): Promise<Record<string, Record<string, string>>> {
  const pairs = await Promise.all(
    masters.map(async ([name, address]) => {
      const alternatives = [address, '127.0.0.1', '::1'].map((value) => ({ type: 'ip' as const, value }));
      const extensions = [new SubjectAlternativeNameExtension(alternatives)];
      return [name, encode((await certificate('CN=etcd', { extensions })).pem)] as const;
    }),
  );
  const each = pairs.flatMap(([name, crt]) =>
    certificateSecrets(name).map((secret) => [secret, crt, encode(secretKey)] as const),
  );
  return {
    ...Object.fromEntries(each.map(([secret, crt, key]) => [secret, { 'tls.crt': crt, 'tls.key': key }])),
    'etcd-all-certs': Object.fromEntries(
      each.flatMap(([secret, crt, key]) => [
        [`${secret}.crt`, crt],
        [`${secret}.key`, key],
      ]),
    ),
  };
}

function route({ path }: FakeCall, secrets: Record<string, Record<string, string>>): FakeAnswer {
  const last = path.split('/').at(-1) ?? '';
  const address = masters.find(([name]) => name === last)?.[1];
  if (path === '/version') return { body: { gitVersion: 'v1.34.4' } };
  if (path.startsWith('/api/v1/nodes/') && address) return { body: platform.nodeObject(last, address) };
  if (path.includes('/leases/'))
    return { body: { spec: { renewTime: new Date().toISOString(), leaseDurationSeconds: 40 } } };
  if (path.includes('/secrets/')) {
    const data = secrets[last];
    return data ? { body: { data } } : gone(last);
  }
  const lists: Record<string, unknown[]> = {
    pods: masters.map(([name, host]) => platform.podObject(name, [host])),
    machines: masters.map(([name, host]) => platform.machineObject(name, host)),
    machineconfigpools: [platform.poolObject('master')],
    machinehealthchecks: [platform.machineHealthCheck],
    nodehealthchecks: [platform.nodeHealthCheck],
  };
  if (lists[last]) return { body: { items: lists[last] } };
  const objects: Record<string, unknown> = {
    '/etcds/cluster': platform.operatorObject([...names]),
    '/clusterversions/version': platform.versionObject(),
    '/infrastructures/cluster': { status: { controlPlaneTopology: 'HighlyAvailable' } },
  };
  const body = Object.entries(objects).find(([end]) => path.endsWith(end))?.[1];
  if (body !== undefined) return { body };
  return refused(404, `the fake knows no ${path}`);
}

/** As the API server says that an object is missing, and not its kind. */
export function gone(name: string): FakeAnswer {
  return { status: 404, body: { kind: 'Status', reason: 'NotFound', code: 404, details: { name } } };
}
