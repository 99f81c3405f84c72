import 'reflect-metadata';
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { SubjectAlternativeNameExtension } from '@peculiar/x509';
import { renewCertificates } from '../../../activities/act/etcd/certificates.ts';
import { forceRedeployment } from '../../../activities/act/etcd/redeploy.ts';
import { isFailure } from '../../../activities/failure.ts';
import { certificateSecrets } from '../../../domain/etcd/names.ts';
import type { CertificateCure } from '../../../domain/etcd/strategy.ts';
import { certificate } from '../support/certificates.ts';
import { pins as pinsWith } from '../support/fake-masters.ts';
import { noLane } from '../support/stub-lane.ts';
import { fakeObjects } from '../support/fake-objects.ts';

const node = 'master-2';
const [peer = '', serving = '', metrics = ''] = certificateSecrets(node);
const root = '/api/v1/namespaces/openshift-etcd/secrets';
const all = `${root}/etcd-all-certs`;
const key = 'etcd-serving-master-2.key';
const addresses = { stale: '10.0.0.12', fresh: '10.0.0.22' };
const pems = { stale: await pemFor(addresses.stale), fresh: await pemFor(addresses.fresh) };

type Age = keyof typeof addresses;

async function pemFor(address: string): Promise<string> {
  const extensions = [new SubjectAlternativeNameExtension([{ type: 'ip', value: address }])];
  const { pem } = await certificate('CN=etcd', { extensions });
  return Buffer.from(pem).toString('base64');
}

function pins(cure: CertificateCure['cure'], secrets = certificateSecrets(node)) {
  return pinsWith({ certificates: { cure, secrets } });
}

async function stage(t: TestContext, ages: { secrets?: Age[]; inAll?: Age } = {}) {
  const api = await fakeObjects(t);
  const { secrets = ['stale', 'stale', 'stale'], inAll = 'stale' } = ages;
  for (const [at, name] of certificateSecrets(node).entries())
    api.put(`${root}/${name}`, { data: { 'tls.crt': pems[secrets[at] ?? 'stale'], 'tls.key': 'a2V5' } });
  const entries = certificateSecrets(node).flatMap((name) => [
    [`${name}.crt`, pems[inAll]],
    [`${name}.key`, 'a2V5'],
  ]);
  api.put(all, { data: { ...Object.fromEntries(entries), 'etcd-peer-master-0.key': 'b3RoZXI=' } });
  return { api, reach: { cluster: api.connection, lane: noLane(), signal: new AbortController().signal } };
}

describe('taking one key out of etcd-all-certs', { concurrency: 4 }, () => {
  it('takes out exactly that key, once', async (t) => {
    const { api, reach } = await stage(t);
    const before = api.objects.get(all)?.['data'] as Record<string, string>;
    assert.equal((await renewCertificates(reach, pins('drop-from-all-certs'))).changed, true);
    const { [key]: gone, ...rest } = before;
    assert.equal(gone, 'a2V5');
    assert.deepEqual(api.objects.get(all)?.['data'], rest);
    assert.equal((await renewCertificates(reach, pins('drop-from-all-certs'))).changed, false);
    assert.equal(api.writes().length, 1);
  });

  it('leaves certificates alone that are fresh by now', async (t) => {
    const { api, reach } = await stage(t, { secrets: ['fresh', 'fresh', 'fresh'], inAll: 'fresh' });
    assert.equal((await renewCertificates(reach, pins('drop-from-all-certs'))).changed, false);
    assert.deepEqual(api.writes(), []);
  });

  it('looks again when the operator writes meanwhile, and leaves what is fresh then', async (t) => {
    const { api, reach } = await stage(t);
    api.interfere = ({ method }) => {
      if (method !== 'PATCH') return undefined;
      for (const name of certificateSecrets(node))
        api.put(`${root}/${name}`, { data: { 'tls.crt': pems.fresh, 'tls.key': 'a2V5' } });
      const data = certificateSecrets(node).flatMap((name) => [
        [`${name}.crt`, pems.fresh],
        [`${name}.key`, 'bmV3'],
      ]);
      api.put(all, { data: Object.fromEntries(data) });
      return undefined;
    };
    assert.equal((await renewCertificates(reach, pins('drop-from-all-certs'))).changed, false);
    assert.equal((api.objects.get(all)?.['data'] as Record<string, string> | undefined)?.[key], 'bmV3');
  });

  it('with a lost answer is found to be done', async (t) => {
    const { api, reach } = await stage(t);
    api.interfere = ({ method }) => (method === 'PATCH' ? 'after' : undefined);
    assert.equal((await renewCertificates(reach, pins('drop-from-all-certs'))).changed, true);
    assert.equal(api.writes().length, 1);
  });
});

describe('deleting stale certificates', { concurrency: 4 }, () => {
  it('deletes exactly the stale ones of the plan, by uid and version', async (t) => {
    const { api, reach } = await stage(t, { secrets: ['stale', 'fresh', 'stale'] });
    const { sentence } = await renewCertificates(reach, pins('delete-secrets', [peer, serving]));
    assert.match(sentence, new RegExp(`^deleted ${peer}:`));
    assert.deepEqual(
      [...api.objects.keys()].sort(),
      [all, `${root}/${metrics}`, `${root}/${serving}`].sort(),
    );
    const [{ body } = { body: {} }] = api.writes();
    assert.deepEqual(Object.keys((body as { preconditions: object }).preconditions), [
      'uid',
      'resourceVersion',
    ]);
  });

  it('takes one that is gone for done', async (t) => {
    const { api, reach } = await stage(t);
    api.objects.delete(`${root}/${peer}`);
    assert.equal((await renewCertificates(reach, pins('delete-secrets', [peer]))).changed, false);
  });

  it('never deletes the new one that the operator makes in between', async (t) => {
    const { api, reach } = await stage(t);
    api.interfere = ({ method, path }) => {
      if (method === 'DELETE') api.put(path, { data: { 'tls.crt': pems.fresh, 'tls.key': 'bmV3' } });
      return undefined;
    };
    assert.equal((await renewCertificates(reach, pins('delete-secrets', [peer]))).changed, false);
    assert.ok(api.objects.has(`${root}/${peer}`));
  });

  it('deletes nothing that is not of this master', async (t) => {
    const { api, reach } = await stage(t);
    const foreign = pins('delete-secrets', ['etcd-peer-master-1']);
    await assert.rejects(renewCertificates(reach, foreign), (error) =>
      isFailure(error, 'PreconditionFailed'),
    );
    assert.deepEqual(api.writes(), []);
  });
});

describe('forcing a redeployment', { concurrency: 4 }, () => {
  const etcd = '/apis/operator.openshift.io/v1/etcds/cluster';

  it('sets a reason that names the run, once, and nothing else', async (t) => {
    const { api, reach } = await stage(t);
    api.put(etcd, { spec: { managementState: 'Managed', unsupportedConfigOverrides: { theirs: 1 } } });
    assert.equal((await forceRedeployment(reach, pinsWith())).changed, true);
    assert.equal((await forceRedeployment(reach, pinsWith())).changed, false);
    assert.deepEqual(api.objects.get(etcd)?.['spec'], {
      managementState: 'Managed',
      unsupportedConfigOverrides: { theirs: 1 },
      forceRedeploymentReason: `control-plane-recovery run ${pinsWith().runId}`,
    });
  });
});
