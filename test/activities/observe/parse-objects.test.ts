import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  parseBootstrapSecret,
  parseCsr,
  parseMirrorPods,
  parseNode,
} from '../../../activities/observe/parse-objects.ts';
import { certificateRequest } from '../support/certificates.ts';

const kubelet = { manager: 'kubelet', subresource: 'status', time: '2026-11-22T20:00:00Z' };
const controller = {
  manager: 'kube-controller-manager',
  subresource: 'status',
  time: '2026-11-22T21:00:00Z',
};
const mirror = (change: object = {}) => ({
  metadata: {
    name: 'etcd-master-1',
    namespace: 'openshift-etcd',
    annotations: { 'kubernetes.io/config.mirror': 'abc' },
    managedFields: [kubelet, controller],
    ...change,
  },
  status: {
    phase: 'Running',
    startTime: '2026-11-22T22:00:00Z',
    conditions: [{ type: 'Ready', status: 'True' }],
  },
});

describe('mirror pods', () => {
  it('are dated by what the kubelet wrote, not by what the node controller wrote over it', () => {
    assert.equal(parseMirrorPods([mirror()])[0]?.statusTime, '2026-11-22T20:00:00.000Z');
  });
  it('have no date when the kubelet has written nothing yet', () => {
    assert.equal(parseMirrorPods([mirror({ managedFields: [controller] })])[0]?.statusTime, undefined);
  });
  it('are those with a manifest’s hash only', () => {
    assert.deepEqual(parseMirrorPods([mirror({ annotations: {} }), {}]), []);
  });
  it('say when they are on their way out', () => {
    assert.equal(
      parseMirrorPods([mirror({ deletionTimestamp: '2026-11-22T20:00:00Z' })])[0]?.terminating,
      true,
    );
  });
});

describe('objects with nothing in them', () => {
  it('are nobody’s Node', () => {
    assert.deepEqual(parseNode({}), {
      uid: '',
      isMaster: false,
      ready: 'Unknown',
      readyReason: '',
      readyMessage: '',
    });
  });
  it('are a request that nothing matches', () => {
    const { commonName, hasSubjectAlternativeNames, state, issued } = parseCsr({});
    assert.deepEqual([commonName, hasSubjectAlternativeNames, state, issued], ['', true, 'Pending', false]);
  });
  it('are a secret without a token', () => {
    assert.equal(parseBootstrapSecret({}).hasToken, false);
  });
});

describe('requests', () => {
  it('show every organization and every common name', async () => {
    const csr = parseCsr({ spec: { request: await certificateRequest('O=a, O=b, CN=x, CN=y') } });
    assert.deepEqual([csr.organizations, csr.commonName], [['a', 'b'], 'x+y']);
  });
  it('that are denied are denied, also when they are approved', () => {
    const conditions = [{ type: 'Approved' }, { type: 'Denied' }];
    assert.equal(parseCsr({ status: { conditions, certificate: 'x' } }).state, 'Denied');
  });
});

it('a secret whose token Kubernetes has switched off says since when', () => {
  const labels = { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' };
  assert.equal(
    parseBootstrapSecret({ metadata: { labels }, data: { token: 'x' } }).invalidSince,
    '2026-01-01',
  );
});
