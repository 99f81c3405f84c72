import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../../lab/host/run.ts';
import { etcdPodTemplate, variableOf } from '../../lab/operator/pods/etcd-pod.ts';
import { PROFILES, type ProfileName } from '../../lab/operator/rules/profiles.ts';
import { master, three } from './support.ts';

interface Container {
  name: string;
  env?: { name: string; value?: string }[];
  args?: string[];
}

function pod(profile: ProfileName) {
  const template = etcdPodTemplate({
    masters: three(master),
    endpoints: ['10.0.0.13', '10.0.0.11', '10.0.0.12'],
    images: { etcdImage: 'etcd', hyperkubeImage: 'hyperkube' },
    profile: PROFILES[profile],
  });
  const text = JSON.stringify(template)
    .replaceAll('REVISION', '7')
    .replaceAll('NODE_NAME', 'master-2')
    .replaceAll('NODE_ENVVAR_NAME', variableOf('master-2'));
  return JSON.parse(text) as {
    metadata: { labels: Record<string, string> };
    spec: { initContainers: Container[]; containers: Container[]; volumes: { hostPath: { path: string } }[] };
  };
}

test('the pod has the containers, labels and variables that the platform gives it', () => {
  const { metadata, spec } = pod('main');
  assert.deepEqual(metadata.labels, { app: 'etcd', 'k8s-app': 'etcd', etcd: 'true', revision: '7' });
  assert.deepEqual(names(spec.initContainers), ['setup', 'etcd-ensure-env-vars', 'etcd-resources-copy']);
  assert.deepEqual(names(spec.containers), ['etcdctl', 'etcd', 'etcd-metrics', 'etcd-readyz', 'etcd-rev']);
  const env = Object.fromEntries((spec.containers[0]?.env ?? []).map(({ name, value }) => [name, value]));
  assert.equal(
    env['ALL_ETCD_ENDPOINTS'],
    'https://10.0.0.11:2379,https://10.0.0.12:2379,https://10.0.0.13:2379',
  );
  assert.equal(env['NODE_master_2_IP'], '10.0.0.13');
  assert.equal(env['NODE_master_0_ETCD_URL_HOST'], '10.0.0.11');
  assert.equal(env['ETCD_STATIC_POD_VERSION'], '7');
  assert.ok(spec.volumes.some(({ hostPath }) => hostPath.path.endsWith('/static-pod-resources/etcd-pod-7')));
});

const REFUSALS = {
  main: 'Error: expected NODE_master_2_IP to be 10.0.0.23, got 10.0.0.13\nexpected NODE_master_2_IP to be 10.0.0.23, got 10.0.0.13\n',
  '4.16': 'Expected node IP to be 10.0.0.23 got 10.0.0.13\n',
} as const;

for (const profile of ['main', '4.16'] as const) {
  test(`${profile}: the init container refuses an address that the node no longer has, in the words of its release`, async () => {
    const init = pod(profile).spec.initContainers.find(({ name }) => name === 'etcd-ensure-env-vars');
    const given = Object.fromEntries((init?.env ?? []).map(({ name, value = '' }) => [name, value]));
    const check = (NODE_IP: string) =>
      run(['sh', '-c', init?.args?.[0] ?? ''], { env: { ...given, NODE_IP } });
    assert.equal((await check('10.0.0.13')).code, 0);
    const refused = await check('10.0.0.23');
    assert.equal(refused.code, 1);
    assert.equal(refused.stderr, REFUSALS[profile]);
  });
}

function names(containers: readonly Container[]): string[] {
  return containers.map(({ name }) => name);
}
