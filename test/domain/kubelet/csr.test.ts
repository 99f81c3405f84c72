import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientCsr } from '../../../domain/control-plane.ts';
import { matchCsr, mismatchesOf } from '../../../domain/kubelet/csr.ts';
import { csrPredicate } from '../../../domain/kubelet/names.ts';
import { kubeletCsr } from '../../support/observations.ts';

const question = { ...csrPredicate('master-1'), before: ['uid-old'] };

function answer(csrs: ClientCsr[]): string {
  const found = matchCsr(csrs, question);
  return found.match === 'one' ? found.csr.uid : found.match;
}

const tables: [string, string, ClientCsr[]][] = [
  ['nothing there', 'none', []],
  ['the kubelet’s new request', 'new', [request('new')]],
  ['only the one that was there before the restart', 'none', [request('uid-old')]],
  ['the old one and the new one', 'new', [request('uid-old'), request('new')]],
  ['two new ones', 'several', [request('new'), request('rival')]],
  ['ours approved already, its reply lost', 'new', [request('new', { state: 'Approved' })]],
  ['ours approved and issued already', 'new', [request('new', { state: 'Approved', issued: true })]],
  ['one approved and one pending', 'several', [request('new', { state: 'Approved' }), request('rival')]],
  ['a new one that somebody denied', 'none', [request('new', { state: 'Denied' })]],
  ['one denied and one pending', 'new', [request('denied', { state: 'Denied' }), request('new')]],
  ['the new one of another node', 'none', [request('new', { commonName: 'system:node:master-2' })]],
];

for (const [name, expected, csrs] of tables) {
  test(`${name}: ${expected}`, () => {
    assert.equal(answer(csrs), expected);
    assert.equal(answer(csrs.toReversed()), expected, 'whatever the order');
  });
}

test('a denied request is handed back, so that the wait for it can be explained', () => {
  const found = matchCsr([request('new', { state: 'Denied' })], question);
  assert.deepEqual(found.match === 'none' && found.closed.map(({ uid }) => uid), ['new']);
});

const forgeries: [string, Partial<ClientCsr>][] = [
  ['of another signer', { signerName: 'kubernetes.io/kube-apiserver-client' }],
  ['by an admin', { requester: 'system:admin' }],
  ['by a requester whose name only begins like it', { requester: `${question.requester}x` }],
  ['for a name that only begins like the node’s', { commonName: 'system:node:master-10' }],
  ['for the node’s name in capitals', { commonName: 'system:node:MASTER-1' }],
  ['without organization', { organizations: [] }],
  ['with system:masters besides', { organizations: ['system:nodes', 'system:masters'] }],
  ['with system:masters instead', { organizations: ['system:masters'] }],
  ['with its organization twice', { organizations: ['system:nodes', 'system:nodes'] }],
  ['with alternative names', { hasSubjectAlternativeNames: true }],
  ['to serve as well', { usages: ['digital signature', 'client auth', 'server auth'] }],
  ['without client auth', { usages: ['digital signature'] }],
  ['without any usage', { usages: [] }],
];

for (const [name, forgery] of forgeries) {
  test(`a request ${name} is not the kubelet’s, and does not make two of one`, () => {
    assert.equal(answer([request('new', forgery)]), 'none');
    assert.equal(answer([request('new'), request('forged', forgery)]), 'new');
    assert.equal(mismatchesOf(request('new', forgery), question).length, 1);
  });
}

test('key encipherment may be asked for and need not be', () => {
  assert.equal(
    answer([request('new', { usages: ['key encipherment', 'client auth', 'digital signature'] })]),
    'new',
  );
});

function request(uid: string, change: Partial<ClientCsr> = {}): ClientCsr {
  return kubeletCsr('master-1', { uid, name: `csr-${uid}`, ...change });
}
