import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAuditLog } from '../../lab/cluster/audit.ts';

const EVENT = JSON.stringify({
  auditID: 'a1',
  verb: 'update',
  requestURI: '/apis/certificates.k8s.io/v1/certificatesigningrequests/csr-x/approval',
  user: { username: 'system:serviceaccount:control-plane-recovery:cpr' },
  objectRef: { resource: 'certificatesigningrequests', subresource: 'approval', name: 'csr-x' },
  responseStatus: { code: 200 },
  requestReceivedTimestamp: '2026-11-22T20:07:56.756313Z',
});

test('an event says who did what to which object, on which master', () => {
  const [event] = parseAuditLog(`${EVENT}\n`, 'master-2');
  assert.equal(event?.user, 'system:serviceaccount:control-plane-recovery:cpr');
  assert.equal(event?.subresource, 'approval');
  assert.equal(event?.name, 'csr-x');
  assert.equal(event?.code, 200);
  assert.equal(event?.master, 'master-2');
});

test('a last line that is still being written is left for the next reading', () => {
  assert.equal(parseAuditLog(`${EVENT}\n${EVENT.slice(0, 40)}`, 'master-0').length, 1);
});

test('a request without object or answer is an event with empty names', () => {
  const bare = JSON.stringify({
    auditID: 'b',
    verb: 'create',
    requestURI: '/x',
    requestReceivedTimestamp: '',
  });
  assert.equal(parseAuditLog(`${bare}\n`, 'master-0')[0]?.resource, '');
});
