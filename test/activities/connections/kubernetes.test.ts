import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createBudget, noLimits } from '../../../activities/connections/budget.ts';
import { connectKubernetes, type Kubernetes } from '../../../activities/connections/kubernetes.ts';
import { isConflict, isNotFound } from '../../../activities/connections/kubernetes-errors.ts';
import { listClientCsrs } from '../../../activities/connections/reads.ts';
import type { ActivityErrorType } from '../../../activities/contract.ts';
import { isFailure } from '../../../activities/failure.ts';
import { apiToken, fakeApi, refused, type FakeAnswer, type FakeApi } from '../support/fake-api.ts';

async function connect(t: TestContext, { kubeconfig }: FakeApi, timeoutMs = 2000): Promise<Kubernetes> {
  const api = await connectKubernetes({ kubeconfig, budget: createBudget(noLimits()), timeoutMs });
  t.after(() => api.close());
  return api;
}

describe('the Kubernetes connection', { concurrency: 4 }, () => {
  it('sends the identity of the kubeconfig and reads JSON', async (t) => {
    const fake = await fakeApi(t, () => ({ body: { gitVersion: 'v1.34.4' } }));
    const api = await connect(t, fake);
    assert.deepEqual(await api.get('/version'), { gitVersion: 'v1.34.4' });
    assert.equal(api.server, fake.server);
    assert.ok(Math.abs(api.clockOffsetMs()) < 10_000);
  });

  const answers: { name: string; answer: FakeAnswer; type: ActivityErrorType }[] = [
    { name: 'an answer that does not come is cut', answer: 'hang', type: 'ApiUnreachable' },
    { name: 'a connection that is cut', answer: 'cut', type: 'ApiUnreachable' },
    { name: '403', answer: refused(403, 'nodes is forbidden'), type: 'ApiForbidden' },
    { name: '401', answer: refused(401, 'Unauthorized'), type: 'ApiForbidden' },
    { name: '503 passes', answer: refused(503, 'etcdserver: leader changed'), type: 'ApiUnreachable' },
    { name: '429 passes', answer: refused(429, 'too many requests'), type: 'ApiUnreachable' },
    { name: '422 does not', answer: refused(422, 'invalid'), type: 'PreconditionFailed' },
    { name: 'a page of some proxy', answer: { body: '<html>hello</html>' }, type: 'ApiUnreachable' },
  ];
  for (const { name, answer, type } of answers) {
    it(`${name}: ${type}`, async (t) => {
      const api = await connect(t, await fakeApi(t, () => answer), answer === 'hang' ? 300 : 5000);
      await assert.rejects(api.get('/api/v1/nodes/x'), (error: Error) => {
        assert.doesNotMatch(error.message, new RegExp(apiToken));
        return isFailure(error, type);
      });
    });
  }

  it('makes two dozen calls at once over a few connections', async (t) => {
    const fake = await fakeApi(t, () => ({ body: {} }));
    const api = await connect(t, fake, 20_000);
    await Promise.all(Array.from({ length: 24 }, (_, number) => api.get(`/${number}`)));
    assert.equal(fake.calls.length, 24);
    assert.ok(fake.connections() <= 8, `${fake.connections()} connections`);
  });

  it('tells "not there" and "changed meanwhile" from failures', async (t) => {
    const fake = await fakeApi(t, ({ method }) => refused(method === 'GET' ? 404 : 409, 'no'));
    const api = await connect(t, fake);
    await assert.rejects(api.get('/x'), isNotFound);
    await assert.rejects(api.put('/x', {}), isConflict);
  });

  it('repeats a read once over a connection that was cut, a change never', async (t) => {
    let cut = 0;
    const fake = await fakeApi(t, () => (cut++ === 0 ? 'cut' : { body: { ok: true } }));
    const api = await connect(t, fake);
    assert.deepEqual(await api.get('/x'), { ok: true });
    cut = 0;
    await assert.rejects(api.post('/x', {}), (error) => isFailure(error, 'ApiUnreachable'));
    assert.equal(fake.calls.filter(({ method }) => method === 'POST').length, 1);
  });

  it('does not speak to a server that its CA does not vouch for', async (t) => {
    const fake = await fakeApi(t, () => ({ body: {} }), { trusted: false });
    const api = await connect(t, fake);
    await assert.rejects(api.get('/x'), /certificate/);
    assert.equal(fake.calls.length, 0);
  });

  it('says which kubeconfig is at fault', async () => {
    const options = { kubeconfig: '/nonexistent/kubeconfig', budget: createBudget(noLimits()) };
    await assert.rejects(connectKubernetes(options), /kubeconfig \/nonexistent\/kubeconfig/);
  });

  it('says which context is not there', async (t) => {
    const { kubeconfig } = await fakeApi(t, () => ({ body: {} }));
    const options = { kubeconfig, context: 'other', budget: createBudget(noLimits()) };
    await assert.rejects(connectKubernetes(options), /no context other/);
  });

  it('ends its calls when it is told to', async (t) => {
    const { kubeconfig } = await fakeApi(t, () => 'hang');
    const abort = new AbortController();
    const api = await connectKubernetes({
      kubeconfig,
      budget: createBudget(noLimits()),
      signal: abort.signal,
    });
    t.after(() => api.close());
    setImmediate(() => abort.abort(new Error('cancelled')));
    await assert.rejects(api.get('/x'), /cancelled/);
  });

  it('keeps within its budget and says what was spent', async (t) => {
    const { kubeconfig } = await fakeApi(t, () => ({ body: { some: 'bytes' } }));
    const budget = createBudget({ apiCalls: 2, bytes: 1000 });
    const api = await connectKubernetes({ kubeconfig, budget });
    t.after(() => api.close());
    await api.get('/x');
    await api.get('/x');
    await assert.rejects(api.get('/x'), /limit of 2 API calls/);
    assert.equal(budget.cost().apiCalls, 2);
    assert.equal(budget.cost().bytes, 2 * '{"some":"bytes"}'.length);
  });

  it('stops reading an answer that is larger than the budget', async (t) => {
    const { kubeconfig } = await fakeApi(t, () => ({ body: { much: 'x'.repeat(500_000) } }));
    const api = await connectKubernetes({ kubeconfig, budget: createBudget({ apiCalls: 5, bytes: 10_000 }) });
    t.after(() => api.close());
    await assert.rejects(api.get('/x'), /limit of 10000 bytes/);
  });

  it('reads every page of a list', async (t) => {
    const fake = await fakeApi(t, ({ query }) => {
      const page = Number(query.get('continue') ?? 0);
      const metadata = page < 2 ? { continue: String(page + 1) } : {};
      return { body: { metadata, items: [{ metadata: { uid: `u${page}` } }] } };
    });
    const csrs = await listClientCsrs(await connect(t, fake));
    assert.deepEqual(
      csrs.map(({ metadata }) => metadata?.uid),
      ['u0', 'u1', 'u2'],
    );
    assert.equal(
      fake.calls[0]?.query.get('fieldSelector'),
      'spec.signerName=kubernetes.io/kube-apiserver-client-kubelet',
    );
  });
});
