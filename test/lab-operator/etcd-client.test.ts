import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { issue, makeSigner } from '../../lab/cluster/pki.ts';
import { EtcdError, openEtcd, type EtcdClient } from '../../lab/operator/etcd-client.ts';
import { memberCache } from '../../lab/operator/member-cache.ts';
import { healthy, member, three } from './support.ts';

const signer = await makeSigner('etcd-signer');
const serving = await issue(signer, { commonName: 'etcd', use: ['server'], addresses: ['127.0.0.1'] });
const client = await issue(signer, { commonName: 'client', use: ['client'] });
const servers: Server[] = [];
after(() => servers.forEach((server) => server.close()));

/** A member that answers everything with this; resolves to its client URL. */
async function answering(status: number, body: object): Promise<string> {
  const tls = { cert: serving.cert, key: serving.key, ca: signer.cert, requestCert: true };
  const server = createServer(tls, (_request, response) => {
    response.writeHead(status).end(JSON.stringify(body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function etcdAt(...endpoints: string[]): EtcdClient {
  return openEtcd({ ca: signer.cert, cert: client.cert, key: client.key }, () => endpoints, 0);
}

const LIST = {
  members: [
    { ID: '2955203424586857209', name: 'master-2', peerURLs: ['https://10.0.0.13:2380'] },
    { ID: '9', peerURLs: ['https://10.0.0.23:2380'], isLearner: true },
  ],
};

test('a member list keeps every digit of an id, and what etcd leaves out is empty', async () => {
  const [first, second] = await etcdAt(await answering(200, LIST)).members();
  assert.deepEqual([first?.id, first?.learner], ['2955203424586857209', false]);
  assert.deepEqual([second?.name, second?.clientUrls, second?.learner], ['', [], true]);
});

test('a member that cannot serve is passed over, one that refuses is believed', async () => {
  const busy = await answering(503, { message: 'etcdserver: no leader' });
  const refusing = await answering(400, {
    message: 'can only promote a learner member which is in sync with leader',
  });
  const able = await answering(200, LIST);
  assert.equal((await etcdAt(busy, able).members()).length, 2);
  await assert.rejects(etcdAt(busy).members(), /no leader/);
  await assert.rejects(etcdAt(refusing, able).promote('9'), (error) => {
    return error instanceof EtcdError && /in sync with leader/.test(error.message);
  });
});

test('a member is healthy when it answers, and one that has never started is not asked', async () => {
  const url = await answering(200, {});
  const asked = await etcdAt(url).health([
    { ...member(0), clientUrls: [url] },
    { ...member(2), name: '', clientUrls: [] },
  ]);
  assert.deepEqual(
    asked.map((each) => each.healthy),
    [true, false],
  );
});

test('who asks the member cache during a look waits; a list that fails is kept as its error', async () => {
  const failing = etcdAt();
  const { promise: looked, resolve: release } = Promise.withResolvers<void>();
  const cache = memberCache({
    ...failing,
    members: async () => three(member),
    health: async () => looked.then(() => three(healthy)),
  });
  const stop = new AbortController();
  const running = cache.run(stop.signal, () => true);
  await sleep(5);
  assert.equal(cache.now(), undefined);
  release();
  await sleep(5);
  assert.equal(cache.now()?.length, 3);
  stop.abort();
  await running;
  const broken = memberCache(failing);
  const again = new AbortController();
  const looking = broken.run(again.signal, () => true);
  await sleep(5);
  assert.equal(broken.now(), 'no etcd endpoint is known');
  again.abort();
  await looking;
});
