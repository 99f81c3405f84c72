import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { makePki, type ClusterPki } from '../../lab/cluster/certificates.ts';
import { masterFiles } from '../../lab/cluster/node-files.ts';
import type { NodeFile } from '../../lab/node/files.ts';
import { labSettings, MASTERS } from '../../lab/settings.ts';

const home = mkdtempSync(join(tmpdir(), 'cpr-node-files-'));
const settings = labSettings({ XDG_CACHE_HOME: home });
const images = { etcdImage: 'lab.local/etcd:1', hyperkubeImage: 'lab.local/hyperkube:1' };
let pki: ClusterPki;
let files: NodeFile[];

before(async () => {
  pki = await makePki(settings);
  files = masterFiles(settings, pki, images, 'master-1');
});
after(() => rmSync(home, { recursive: true }));

test('every file that a static pod or a kubeconfig of a master names is written to the master', () => {
  const written = new Set(files.map(({ path }) => `/${path}`));
  const named = manifests().flatMap(
    (text) => text.match(/\/etc\/kubernetes\/[\w./-]+?(?:\.\w+|\/kubeconfig)\b/g) ?? [],
  );
  assert.ok(named.length > 40, 'the manifests name files');
  for (const path of named) assert.ok(written.has(path), path);
});

test('the pods are called, and live, as in OpenShift', () => {
  const pods = manifests().map((text) => parse(text) as { metadata: { namespace: string; name: string } });
  assert.deepEqual(
    pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    [
      'openshift-etcd/etcd',
      'openshift-kube-apiserver/kube-apiserver',
      'openshift-kube-controller-manager/kube-controller-manager',
      'openshift-kube-scheduler/openshift-kube-scheduler',
    ],
  );
});

test('a manifest names only its own node where that matters', () => {
  const [etcd = ''] = manifests();
  const flags = (parse(etcd) as { spec: { containers: { name: string; args?: string[] }[] } }).spec.containers
    .find(({ name }) => name === 'etcd')
    ?.args?.filter((flag) => MASTERS.some((master) => flag.includes(master)));
  assert.ok(flags && flags.length > 0);
  for (const flag of flags) assert.match(flag, /master-1/);
});

test('nobody but root reads a key, a certificate or a kubeconfig', () => {
  const secrets = files.filter(({ path }) => /\.(key|crt)$|kubeconfig/.test(path));
  assert.ok(secrets.length > 20);
  for (const file of secrets) assert.equal('mode' in file ? file.mode : undefined, 0o600, file.path);
});

test('the same cluster keeps its certificates when it is asked for them again', async () => {
  const first = pki.read('csr-signer.crt');
  assert.equal((await makePki(settings)).read('csr-signer.crt'), first);
});

function manifests(): string[] {
  return files
    .filter(({ path }) => path.startsWith('etc/kubernetes/manifests/'))
    .map((file) => ('content' in file ? String(file.content) : ''));
}
