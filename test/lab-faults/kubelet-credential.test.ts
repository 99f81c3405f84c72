import assert from 'node:assert/strict';
import { test } from 'node:test';
import { issue, makeSigner, type Request } from '../../lab/cluster/pki.ts';
import { isCertificateOf } from '../../lab/faults/kubelet-credential.ts';

const signer = await makeSigner('csr-signer');
const own: Request = { commonName: 'system:node:master-1', organizations: ['system:nodes'], use: ['client'] };

async function pemOf(change: Partial<Request> = {}, by = signer): Promise<string> {
  const { cert, key } = await issue(by, { ...own, ...change });
  return `${cert}${key}`;
}

test("a node's own certificate with its key is what a fault may save", async () => {
  assert.equal(isCertificateOf(await pemOf(), 'master-1', signer.cert), true);
});

test('what a fault has left is never saved over it', async (t) => {
  const past = { notBefore: new Date('2026-01-01'), notAfter: new Date('2026-01-02') };
  const { cert } = await issue(signer, own);
  const { key } = await issue(signer, own);
  const broken = {
    nothing: '',
    'no key': cert,
    'the key of another': `${cert}${key}`,
    expired: await pemOf(past),
    'another node': await pemOf({ commonName: 'system:node:master-2' }),
    'the administrator': await pemOf({ commonName: 'system:admin', organizations: ['system:masters'] }),
    'more than a node': await pemOf({ organizations: ['system:nodes', 'system:masters'] }),
    'a signer of the same name': await pemOf({}, await makeSigner('csr-signer')),
  };
  for (const [what, pem] of Object.entries(broken)) {
    await t.test(what, () => assert.equal(isCertificateOf(pem, 'master-1', signer.cert), false));
  }
});
