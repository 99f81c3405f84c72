import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { definitions, kinds } from '../../lab/platform/crds/index.ts';

interface Definition {
  metadata: { name: string };
  spec: {
    group: string;
    versions: {
      schema: { openAPIV3Schema: { properties: Record<string, Schema> } };
      subresources?: object;
    }[];
  };
}

interface Schema {
  type?: string;
  nullable?: boolean;
  properties?: Record<string, Schema>;
  items?: Schema;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-list-map-keys'?: string[];
}

const all = parseAllDocuments(definitions()).map((document) => document.toJS() as Definition);

function schemaOf(name: string, part: 'spec' | 'status'): Schema {
  const schema = all.find(({ metadata }) => metadata.name === name)?.spec.versions[0]?.schema;
  const found = schema?.openAPIV3Schema.properties[part];
  assert.ok(found, name);
  return found;
}

test('every kind that a recovery reads is defined, once', () => {
  const names = all.map(({ metadata }) => metadata.name);
  assert.equal(new Set(names).size, kinds.length);
  for (const name of [
    'etcds.operator.openshift.io',
    'kubeapiservers.operator.openshift.io',
    'clusteroperators.config.openshift.io',
    'clusterversions.config.openshift.io',
    'infrastructures.config.openshift.io',
    'machines.machine.openshift.io',
    'machinehealthchecks.machine.openshift.io',
    'machineconfigpools.machineconfiguration.openshift.io',
    'nodehealthchecks.remediation.medik8s.io',
  ]) {
    assert.ok(names.includes(name), name);
  }
});

test('an override keeps keys that nobody knows, and null and {} are told apart', () => {
  const overrides = schemaOf('etcds.operator.openshift.io', 'spec').properties?.[
    'unsupportedConfigOverrides'
  ];
  assert.equal(overrides?.['x-kubernetes-preserve-unknown-fields'], true);
  assert.equal(overrides?.nullable, true);
  assert.equal(overrides?.properties, undefined);
});

test('conditions and node statuses are lists by name, so that a merge keeps the others', () => {
  const { properties } = schemaOf('etcds.operator.openshift.io', 'status');
  assert.deepEqual(properties?.['conditions']?.['x-kubernetes-list-map-keys'], ['type']);
  assert.deepEqual(properties?.['nodeStatuses']?.['x-kubernetes-list-map-keys'], ['nodeName']);
});

test('a status is written apart from the object, except where the platform itself does not', () => {
  const without = all.filter(({ spec }) => spec.versions[0]?.subresources === undefined);
  assert.deepEqual(
    without.map(({ metadata }) => metadata.name),
    ['networks.config.openshift.io'],
  );
});
