import assert from 'node:assert/strict';
import { connect as connectTcp } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { parse, stringify } from 'yaml';
import { createBudget, noLimits } from '../../../activities/connections/budget.ts';
import { connectKubernetes, type Kubernetes } from '../../../activities/connections/kubernetes.ts';
import { isConflict, isNotFound } from '../../../activities/connections/kubernetes-errors.ts';
import { isFailure } from '../../../activities/failure.ts';
import { servingCertificate } from '../support/certificates.ts';
import {
  apiToken,
  fakeApi,
  refused,
  type FakeAnswer,
  type FakeApi,
  type FakeCall,
} from '../support/fake-api.ts';

const names = ['master-0', 'master-1', 'master-2'] as const;
type Answer = (call: FakeCall) => FakeAnswer;

interface Cluster {
  endpoint: FakeApi;
  masters: FakeApi[];
  api: Kubernetes;
  /** What each of them does with a call; may be changed in mid-test. Index 0 is the endpoint. */
  answers: Answer[];
  /** Connections to masters that are open. */
  open: Set<Duplex>;
}

const fine: Answer = ({ path }) => ({ body: path === '/readyz' ? 'ok' : { path } });
const cut: Answer = () => 'cut';
const losesPosts: Answer = (call) => (call.method === 'POST' ? 'cut' : fine(call));
const hang: Answer = () => 'hang';
const sick: Answer = ({ path }) =>
  path === '/readyz' ? { status: 500, body: '[-]etcd failed' } : fine({ path } as FakeCall);

const ready =
  (status: number): Answer =>
  ({ path }) =>
    path === '/readyz' ? { status, body: 'ok' } : { body: { path } };

/** An endpoint and three masters, all of one cluster. */
async function clusterWith(
  t: TestContext,
  first: Answer,
  masters: Answer[] = [fine, fine, fine],
  { timeoutMs = 3000, budget = createBudget(noLimits()) } = {},
): Promise<Cluster> {
  const answers = [first, ...masters];
  const [endpoint, ...rest] = await Promise.all(
    answers.map((_, index) => fakeApi(t, (call) => answers[index]!(call))),
  );
  const open = new Set<Duplex>();
  const doors = rest.map(({ server }, index) => ({
    name: names[index]!,
    dial: () => {
      const socket = connectTcp(Number(new URL(server).port), '127.0.0.1');
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      return socket;
    },
  }));
  const { kubeconfig } = endpoint!;
  const api = await connectKubernetes({ kubeconfig, budget, timeoutMs, masters: doors });
  t.after(() => api.close());
  return { endpoint: endpoint!, masters: rest, api, answers, open };
}

describe('the way to the API', { concurrency: 4 }, () => {
  it('is the endpoint as long as that answers, and then no master is asked anything', async (t) => {
    const { api, masters } = await clusterWith(t, fine);
    assert.deepEqual(await api.get('/x'), { path: '/x' });
    assert.deepEqual(await api.post('/x', {}), { path: '/x' });
    assert.equal(api.detour(), undefined);
    assert.deepEqual(
      masters.flatMap(({ calls }) => calls),
      [],
    );
  });

  it('is the first master when the endpoint does not answer, with the same credential, and says so', async (t) => {
    const { api, masters } = await clusterWith(t, cut);
    assert.deepEqual(await api.get('/x'), { path: '/x' });
    assert.equal(api.detour()?.master, 'master-0');
    assert.match(api.detour()?.because ?? '', /socket hang up|ECONNRESET/);
    assert.deepEqual(masters.map(asked), [['/x'], [], []]);
  });

  const refusals: [what: string, answer: FakeAnswer, is: (error: unknown) => boolean][] = [
    ['401', refused(401, 'Unauthorized'), (error) => isFailure(error, 'ApiForbidden')],
    ['403', refused(403, 'nodes is forbidden'), (error) => isFailure(error, 'ApiForbidden')],
    ['404', refused(404, 'not found'), isNotFound],
    ['409', refused(409, 'the object has been modified'), isConflict],
    ['422', refused(422, 'invalid'), (error) => isFailure(error, 'PreconditionFailed')],
    ['429', refused(429, 'too many requests'), (error) => isFailure(error, 'ApiUnreachable')],
    ['503 of the API itself', refused(503, 'no leader'), (error) => isFailure(error, 'ApiUnreachable')],
    ['a 403 page of a proxy', { status: 403, body: '<html>' }, (error) => isFailure(error, 'ApiForbidden')],
  ];
  for (const [what, answer, is] of refusals) {
    it(`is not changed by ${what}: that is an answer`, async (t) => {
      const { api, masters } = await clusterWith(t, () => answer);
      await assert.rejects(api.get('/x'), is);
      assert.deepEqual(
        masters.flatMap(({ calls }) => calls),
        [],
      );
    });
  }

  it('is changed when a load balancer answers for backends that it does not find', async (t) => {
    const page = { status: 503, body: '<html><h1>503 Service Unavailable</h1></html>' };
    const { api } = await clusterWith(t, () => page);
    assert.deepEqual(await api.get('/x'), { path: '/x' });
    assert.match(api.detour()?.because ?? '', /answered 503, not as an API does/);
  });

  it('passes over masters that are not ready, do not answer or do not know us', async (t) => {
    const { api, masters } = await clusterWith(t, cut, [sick, cut, fine]);
    assert.deepEqual(await api.get('/x'), { path: '/x' });
    assert.equal(api.detour()?.master, 'master-2');
    assert.deepEqual(masters.map(asked), [[], [], ['/x']]);
  });

  it('passes over a master that does not say that it is ready, be it with a refusal or a page of somebody else', async (t) => {
    const { api } = await clusterWith(t, cut, [ready(403), ready(404), fine]);
    assert.deepEqual(await api.get('/x'), { path: '/x' });
    assert.equal(api.detour()?.master, 'master-2');
  });

  it('does not wait for a master that hangs', async (t) => {
    const { api } = await clusterWith(t, cut, [hang, fine, fine]);
    assert.deepEqual(await api.get('/x'), { path: '/x' });
    assert.equal(api.detour()?.master, 'master-1');
  });

  it('stays the same while it works, also when the endpoint is back; many calls at once look for it once', async (t) => {
    const { api, answers, endpoint, masters } = await clusterWith(t, cut);
    await Promise.all(['/a', '/b', '/c', '/d'].map((path) => api.get(path)));
    const probes = masters[0]!.calls.filter(({ path }) => path === '/readyz').length;
    assert.equal(probes, 1);
    answers[0] = fine;
    const soFar = endpoint.calls.length;
    await api.put('/e', {});
    await api.get('/f');
    assert.equal(endpoint.calls.length, soFar);
    assert.deepEqual(asked(masters[0]!).toSorted(), ['/a', '/b', '/c', '/d', '/e', '/f']);
  });

  it('is still the endpoint when that drops a connection now and then', async (t) => {
    let calls = 0;
    const { api, masters } = await clusterWith(t, (call) => (calls++ % 3 === 0 ? 'cut' : fine(call)));
    for (const path of ['/a', '/b', '/c', '/d']) assert.deepEqual(await api.get(path), { path });
    assert.equal(api.detour(), undefined);
    assert.deepEqual(
      masters.flatMap((master) => asked(master)),
      [],
    );
  });

  it('goes back to the endpoint when the master fails in its turn', async (t) => {
    const { api, answers } = await clusterWith(t, cut);
    await api.get('/a');
    answers[0] = fine;
    answers[1] = cut;
    assert.deepEqual(await api.get('/b'), { path: '/b' });
    assert.equal(api.detour(), undefined);
  });

  it('of a change is not looked for by the change: one whose answer is lost is sent nowhere else', async (t) => {
    const { api, answers, endpoint, masters } = await clusterWith(t, losesPosts);
    await assert.rejects(api.post('/x', {}), (error) => isFailure(error, 'ApiUnreachable'));
    const posts = [endpoint, ...masters].flatMap(({ calls }) =>
      calls.filter(({ method }) => method === 'POST'),
    );
    assert.equal(posts.length, 1);
    answers[0] = cut;
    assert.deepEqual(await api.get('/x'), { path: '/x' }, 'reading back finds its own way');
    assert.equal(api.detour()?.master, 'master-0');
  });

  it('of a first change is proved before it is sent, and then it is sent once', async (t) => {
    const { api, endpoint, masters } = await clusterWith(t, cut);
    assert.deepEqual(await api.post('/x', {}), { path: '/x' });
    assert.ok(endpoint.calls.every(({ method }) => method === 'GET'));
    const posts = masters.map(({ calls }) => calls.filter(({ method }) => method === 'POST').length);
    assert.deepEqual(posts, [1, 0, 0]);
  });

  it('that is nowhere is an API that cannot be reached, with the reason of each and no secret', async (t) => {
    const { api } = await clusterWith(t, cut, [cut, sick, cut]);
    await assert.rejects(api.get('/x'), (error: Error) => {
      for (const name of names) assert.match(error.message, new RegExp(`through ${name}: `));
      assert.match(error.message, /through master-1: GET \/readyz: 500 \[-\]etcd failed/);
      assert.doesNotMatch(error.message, new RegExp(apiToken));
      return isFailure(error, 'ApiUnreachable');
    });
  });

  it('is looked for anew by the next call when there was none', async (t) => {
    const { api, answers } = await clusterWith(t, cut, [cut, cut, cut]);
    await assert.rejects(api.get('/x'), (error) => isFailure(error, 'ApiUnreachable'));
    answers[2] = fine;
    assert.deepEqual(await api.get('/x'), { path: '/x' });
    assert.equal(api.detour()?.master, 'master-1');
  });

  it('counts what looking for it costs, and does not go beyond what a look may cost', async (t) => {
    const budget = createBudget({ apiCalls: 6, bytes: 10_000 });
    const { api, masters } = await clusterWith(t, cut, [fine, fine, fine], { budget });
    await api.get('/x');
    const spent = 'one that failed, two more for the endpoint, two for a master, one that was answered';
    assert.equal(budget.cost().apiCalls, 6, spent);
    await assert.rejects(api.get('/y'), /limit of 6 API calls/);
    assert.deepEqual(
      masters.slice(1).flatMap(({ calls }) => calls),
      [],
    );
  });

  it('ends with the look: no connection to a master stays open', async (t) => {
    const { api, open } = await clusterWith(t, cut);
    await api.get('/x');
    assert.ok(open.size > 0);
    const closed = [...open].map((stream) => new Promise((resolve) => stream.once('close', resolve)));
    api.close();
    await Promise.all(closed);
  });

  it('does not lead to a machine that the authorities of the kubeconfig do not vouch for: it hears no credential', async (t) => {
    const stranger = await fakeApi(t, fine, { serving: servingCertificate('stranger') });
    const { kubeconfig } = await fakeApi(t, cut);
    const api = await connectVia(t, kubeconfig, stranger);
    await assert.rejects(api.get('/x'), /through master-0: .*certificate/);
    assert.deepEqual(stranger.calls, []);
  });

  it('accepts the certificate that lives ten years where the other one has expired', async (t) => {
    const serving = servingCertificate('localhost-recovery');
    const master = await fakeApi(t, fine, { serving });
    const { kubeconfig } = await fakeApi(t, cut);
    addAuthority(kubeconfig, (await serving).pem);
    const api = await connectVia(t, kubeconfig, master);
    assert.deepEqual(await api.get('/x'), { path: '/x' });
  });
});

/** Paths of what was asked for, without the probes. */
function asked({ calls }: FakeApi): string[] {
  return calls
    .map(({ path }) => path)
    .filter((path) => path !== '/readyz' && path !== '/api/v1/nodes/master-0');
}

async function connectVia(t: TestContext, kubeconfig: string, { server }: FakeApi): Promise<Kubernetes> {
  const dial = () => connectTcp(Number(new URL(server).port), '127.0.0.1');
  const masters = [{ name: 'master-0', dial }];
  const api = await connectKubernetes({ kubeconfig, budget: createBudget(noLimits()), masters });
  t.after(() => api.close());
  return api;
}

interface Kubeconfig {
  clusters: { cluster: { 'certificate-authority-data': string } }[];
}

function addAuthority(kubeconfig: string, pem: string): void {
  const config = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const { cluster } = config.clusters[0]!;
  const all = Buffer.from(cluster['certificate-authority-data'], 'base64').toString() + pem;
  cluster['certificate-authority-data'] = Buffer.from(all).toString('base64');
  writeFileSync(kubeconfig, stringify(config));
}
