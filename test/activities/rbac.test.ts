import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { nodePodNamespace } from '../../activities/connections/node-pod.ts';
import { allCertsSecret, certificateSecrets, etcdNamespace } from '../../domain/etcd/names.ts';

const directory = join(import.meta.dirname, '../../deploy/rbac');
const readme = readFileSync(join(directory, 'README.md'), 'utf8');

interface Role {
  kind: string;
  metadata: { name: string; namespace?: string };
  rules?: { resources: string[]; resourceNames?: string[]; verbs: string[] }[];
  subjects?: { kind: string; name: string; namespace: string }[];
}

const objects = rolesIn(directory);
const granted = objects.flatMap(grants);
const podLane = rolesIn(join(directory, 'pod-lane'));

function rolesIn(place: string): Role[] {
  return readdirSync(place)
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => parseAllDocuments(readFileSync(join(place, file), 'utf8')))
    .map((document) => document.toJS() as Role);
}

function grants(role: Role) {
  return (role.rules ?? []).flatMap(({ resources, resourceNames, verbs }) =>
    resources.flatMap((resource) =>
      verbs.map((verb) => ({ resource, resourceNames, verb, namespace: role.metadata.namespace })),
    ),
  );
}

describe('the roles of the runbooks', () => {
  for (const { resource, verb, namespace, resourceNames } of [...granted, ...podLane.flatMap(grants)]) {
    it(`say why: ${verb} ${resource}`, () => {
      const [object = '', subresource] = resource.split('/');
      const name = resourceNames?.[0];
      const line = readme.split('\n').find((one) => {
        const parts = [`\`${object}`, name ?? '', subresource ?? ''];
        const [, where = '', what = '', verbs = ''] = one
          .split(' | ')
          .map((cell) => cell.replace(/^\| /, ''))
          .toSpliced(0, 0, '');
        return (
          where.includes(namespace ?? 'cluster') &&
          parts.every((part) => what.includes(part)) &&
          verbs.split(', ').includes(verb)
        );
      });
      assert.ok(line, `no line in README.md for ${verb} ${resource} in ${namespace ?? 'the cluster'}`);
    });
  }

  it('let nobody exec in a pod, but in a namespace of its own that is applied by itself', () => {
    assert.ok(granted.every(({ resource }) => resource !== 'pods/exec'));
    const all = podLane.flatMap(grants);
    assert.ok(all.some(({ resource }) => resource === 'pods/exec'));
    assert.deepEqual([...new Set(all.map(({ namespace }) => namespace))], [nodePodNamespace]);
    assert.ok(podLane.every(({ kind }) => !kind.startsWith('Cluster')));
  });

  it('grant nothing that reaches further than its purpose', () => {
    const verbs = new Set(granted.map(({ verb }) => verb));
    assert.deepEqual([...verbs].sort(), ['approve', 'create', 'delete', 'get', 'list', 'patch', 'update']);
    for (const { resource, verb, resourceNames } of granted) {
      assert.notEqual(resource, '*');
      // A request has no name before it is there, and is worth nothing before somebody approves it.
      if (verb === 'create' && resource === 'certificatesigningrequests') continue;
      if (verb === 'create' || verb === 'patch' || resource === 'signers')
        assert.equal(resourceNames?.length, 1, resource);
      if (verb === 'delete') assert.equal(resource, 'secrets');
      // Without names it would be every secret of the namespace.
      if (resource === 'secrets') assert.ok((resourceNames?.length ?? 0) > 0, 'secrets by name');
    }
  });

  it('name the secrets of etcd that are read, taken out of or deleted, and never the key that signs them', () => {
    const secrets = granted.filter(
      ({ resource, namespace }) => resource === 'secrets' && namespace === etcdNamespace,
    );
    const names = new Set(secrets.flatMap(({ resourceNames = [] }) => resourceNames));
    const nodes = ['master-0', 'master-1', 'master-2'];
    assert.deepEqual([...names].sort(), [allCertsSecret, ...nodes.flatMap(certificateSecrets)].sort());
  });

  it('delete certificates of masters alone, and never what holds those of all', () => {
    const deleted = granted.filter(({ verb }) => verb === 'delete');
    const names = deleted.flatMap(({ resourceNames = [] }) => resourceNames);
    const nodes = ['master-0', 'master-1', 'master-2'];
    assert.deepEqual(names.sort(), nodes.flatMap(certificateSecrets).sort());
    assert.deepEqual([...new Set(deleted.map(({ namespace }) => namespace))], [etcdNamespace]);
  });

  it('belong to one account', () => {
    const subjects = objects.flatMap((object) => object.subjects ?? []);
    assert.ok(subjects.length > 0);
    for (const subject of subjects) {
      assert.deepEqual(subject, { kind: 'ServiceAccount', name: 'cpr', namespace: 'control-plane-recovery' });
    }
  });

  it('leave no line in the README without a grant', () => {
    const lines = readme.split('\n').filter((line) => /^\| (cluster|`)/.test(line));
    assert.equal(lines.length, granted.length + podLane.flatMap(grants).length);
  });
});
