import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { observeControlPlane } from '../../../activities/observe/control-plane.ts';
import { parseClusterOperator, parseStaticPodOperator } from '../../../activities/observe/parse-operators.ts';
import { parseOperatorPods } from '../../../activities/observe/parse-objects.ts';
import type { PodObject } from '../../../activities/connections/objects.ts';
import { fakeApi, refused, type FakeAnswer, type FakeCall } from '../support/fake-api.ts';
import { clusterWith } from '../support/fake-node.ts';
import { healthyWords, stubLane } from '../support/stub-lane.ts';

const { signal } = new AbortController();
const lane = stubLane(async ({ node }) => healthyWords({ nodeName: node }));
const groups = ['operator', 'config', 'machine'].map((name) => ({ name: `${name}.openshift.io` }));

const openshift: Record<string, unknown> = {
  '/version': { gitVersion: 'v1.29.6' },
  '/apis': { groups: [...groups, { name: 'remediation.medik8s.io' }] },
  '/apis/config.openshift.io/v1/clusteroperators': {
    items: [{ metadata: { name: 'etcd' }, status: { conditions: conditions('TFF') } }],
  },
  '/apis/machine.openshift.io/v1beta1/namespaces/openshift-machine-api/machinehealthchecks': {
    items: [{ metadata: { name: 'masters', namespace: 'openshift-machine-api' } }],
  },
  '/apis/apps/v1/namespaces/openshift-machine-api/deployments/metal3': {
    spec: { replicas: 1, selector: { matchLabels: { 'k8s-app': 'metal3' } } },
    status: {},
  },
  '/api/v1/namespaces/openshift-machine-api/pods': {
    items: [
      {
        metadata: { name: 'metal3-7', deletionTimestamp: '2026-11-22T12:00:00Z' },
        spec: { nodeName: 'master-1' },
        status: { phase: 'Running' },
      },
    ],
  },
  '/apis/authentication.k8s.io/v1/selfsubjectreviews': { status: { userInfo: { username: 'cpr' } } },
};

/** Available, Degraded, Progressing. */
function conditions(letters: string) {
  const word = { T: 'True', F: 'False', U: 'Unknown' } as Record<string, string>;
  return ['Available', 'Degraded', 'Progressing'].map((type, index) => ({
    type,
    status: word[letters[index] ?? ''] ?? '',
    message: `${type} because`,
  }));
}

async function look(t: TestContext, change: (call: FakeCall) => FakeAnswer | undefined = () => undefined) {
  const api = await fakeApi(t, (call) => {
    const changed = change(call);
    if (changed !== undefined) return changed;
    if (call.path.startsWith('/apis/operator.openshift.io/')) {
      return { body: { status: { latestAvailableRevision: 7 } } };
    }
    const body = openshift[call.path];
    return body === undefined ? refused(404, 'the server could not find the requested resource') : { body };
  });
  return { ...(await observeControlPlane(clusterWith('master-1', api.kubeconfig), lane, signal)), api };
}

describe("the operators' view", { concurrency: 4 }, () => {
  it('is seen whole: four operators, every ClusterOperator, metal3 with the pod that does not end', async (t) => {
    const { platform, powers } = await look(t);
    const { operators, clusterOperators, metal3, remediators } = platform;
    assert.ok(operators.known && operators.value !== 'none');
    assert.deepEqual(
      operators.value.map(({ kind, latestAvailableRevision }) => [kind, latestAvailableRevision]),
      ['etcd', 'kubeapiserver', 'kubecontrollermanager', 'kubescheduler'].map((kind) => [kind, 7]),
    );
    assert.deepEqual(clusterOperators.known && clusterOperators.value, [
      { name: 'etcd', available: true, degraded: false, progressing: false, message: '' },
    ]);
    assert.deepEqual(metal3.known && metal3.value, {
      desired: 1,
      available: 0,
      pods: [{ name: 'metal3-7', node: 'master-1', phase: 'Running', terminating: true }],
    });
    // The group of NodeHealthCheck is there without its kind.
    assert.deepEqual(remediators.known && remediators.value.map(({ name }) => name), ['masters']);
    assert.equal(powers.known, false, 'nobody has answered what we may do');
  });

  it('of plain Kubernetes is none, and costs two questions', async (t) => {
    const { platform, api } = await look(t, ({ path }) =>
      path === '/apis' ? { body: { groups: [{ name: 'apps' }] } } : refusedUnlessPlain(path),
    );
    const { operators, clusterOperators, metal3, remediators } = platform;
    for (const reading of [operators, clusterOperators, metal3]) {
      assert.equal(reading.known && reading.value, 'none');
    }
    assert.deepEqual(remediators.known && remediators.value, []);
    const asked = api.calls.filter(({ path }) => path === '/apis' || /openshift|medik8s/.test(path));
    assert.deepEqual(
      asked
        .map(({ path }) => path.split('/').at(-1))
        .filter((name) => !/secret|token|cluster/.test(name ?? '')),
      ['apis', 'metal3'],
    );
  });

  it('that we may not read is unknown, and says why; never none', async (t) => {
    const { platform } = await look(t, ({ path }) =>
      /openshift.io|metal3/.test(path) ? refused(403, 'is forbidden') : undefined,
    );
    for (const reading of Object.values(platform)) {
      assert.equal(reading.known, false);
      assert.match(reading.known ? '' : reading.why, /is forbidden/);
    }
  });

  it('that does not say which groups there are is unknown', async (t) => {
    const { platform } = await look(t, ({ path }) =>
      path === '/apis' ? refused(503, 'not just now') : undefined,
    );
    assert.deepEqual([platform.operators.known, platform.clusterOperators.known], [false, false]);
  });
});

function refusedUnlessPlain(path: string): FakeAnswer | undefined {
  return path === '/version' ? undefined : refused(404, 'not found');
}

describe('what our own credential may do', { concurrency: 4 }, () => {
  const review = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  it('is asked right by right, and approving needs two', async (t) => {
    const asked: string[] = [];
    const { powers } = await look(t, ({ path, body }) => {
      if (path !== review) return undefined;
      const { resourceAttributes: of } = (body as { spec: { resourceAttributes: Record<string, string> } })
        .spec;
      asked.push([of['verb'], of['resource'], of['subresource'], of['name']].filter(Boolean).join(' '));
      return { body: { status: { allowed: of['resource'] !== 'signers' } } };
    });
    assert.deepEqual(powers.known && powers.value, {
      username: 'cpr',
      mintBootstrapToken: true,
      fileRequests: true,
      approveRequests: false,
    });
    assert.deepEqual(asked.toSorted(), [
      'approve signers kubernetes.io/kube-apiserver-client-kubelet',
      'create certificatesigningrequests',
      'create serviceaccounts token node-bootstrapper',
      'update certificatesigningrequests approval',
    ]);
  });

  it('is no when the answer does not say yes', async (t) => {
    const { powers } = await look(t, ({ path }) => (path === review ? { body: { status: {} } } : undefined));
    assert.ok(powers.known);
    assert.deepEqual(Object.values(powers.value), ['cpr', false, false, false]);
  });
});

describe('an object of the platform', () => {
  it('ClusterOperator: what it does not say counts against it', () => {
    assert.deepEqual(read('TFF'), [true, false, false, '']);
    assert.deepEqual(read('TTF'), [true, true, false, 'Degraded because']);
    assert.deepEqual(read('UFF'), [false, false, false, 'Available because']);
    assert.deepEqual(parseClusterOperator({}), {
      name: '',
      available: false,
      degraded: true,
      progressing: true,
      message: 'it says nothing of Available',
    });
  });

  it('operator: only the conditions about nodes, guards and installers are kept', () => {
    const types = [
      'GuardControllerDegraded',
      'NodeControllerDegraded',
      'MissingStaticPodControllerDegraded',
      'InstallerPodPendingDegraded',
      'NodeInstallerDegraded',
      'StaticPodsDegraded',
      'InstallerControllerDegraded',
      'NodeInstallerProgressing',
      'ConfigObservationDegraded',
      'StaticPodsAvailable',
    ];
    const { conditions: kept } = parseStaticPodOperator('etcd', {
      status: { conditions: types.map((type) => ({ type, status: 'True' })) },
    });
    assert.deepEqual(
      kept.map(({ type }) => type),
      types.slice(0, 7),
    );
  });

  it('pod of an operator: an installer without startTime is one that no kubelet has taken up', () => {
    const { guards, unacknowledged } = parseOperatorPods(
      [
        pod('installer-7-master-1', { phase: 'Pending' }),
        pod('installer-7-retry-2-master-1', { phase: 'Pending' }),
        pod('installer-8-master-1', { phase: 'Pending', startTime: '2026-11-22T12:00:01Z' }),
        pod('installer-9-master-1', { phase: 'Succeeded' }),
        pod('installer-9-master-1', { phase: 'Pending' }, { deletionTimestamp: '2026-11-22T12:00:01Z' }),
        pod('installer-7-other-master-1', { phase: 'Pending' }),
        pod('revision-pruner-7-master-1', { phase: 'Pending' }),
        pod('etcd-guard-master-1', { conditions: [{ type: 'Ready', status: 'True' }] }),
        pod('kube-apiserver-guard-master-1'),
        pod('etcd-guard-master-10'),
      ],
      'master-1',
    );
    assert.deepEqual(
      unacknowledged.map(({ name }) => name),
      ['installer-7-master-1', 'installer-7-retry-2-master-1'],
    );
    assert.equal(unacknowledged[0]?.createdAt, '2026-11-22T12:00:00.000Z');
    assert.deepEqual(
      guards.map(({ name, ready }) => [name, ready]),
      [
        ['etcd-guard-master-1', true],
        ['kube-apiserver-guard-master-1', false],
      ],
    );
  });
});

function read(letters: string) {
  const { available, degraded, progressing, message } = parseClusterOperator({
    metadata: { name: 'x' },
    status: { conditions: conditions(letters) },
  });
  return [available, degraded, progressing, message];
}

function pod(name: string, status: PodObject['status'] = {}, more: object = {}): PodObject {
  const metadata = { namespace: 'ns', name, creationTimestamp: '2026-11-22T12:00:00Z', ...more };
  return { metadata, status };
}
