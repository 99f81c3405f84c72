import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { allCertsSecret, certificateSecrets } from '../../domain/etcd/names.ts';
import { exampleNames } from '../../scripts/rbac/own-names.ts';

const root = join(import.meta.dirname, '../..');
const directory = join(root, 'deploy/rbac');

interface Role {
  kind: string;
  metadata: { name: string };
  rules?: { resources: string[]; resourceNames?: string[]; verbs: string[] }[];
  roleRef?: { name: string };
}

function rolesIn(text: string): Role[] {
  return parseAllDocuments(text).map((document) => document.toJS() as Role);
}

function rbac(...args: string[]): Role[] {
  return rolesIn(
    execFileSync(process.execPath, ['scripts/rbac.ts', ...args], { cwd: root, encoding: 'utf8' }),
  );
}

function namesOf(roles: Role[], resource: string, verb: string): string[] {
  return roles
    .flatMap(({ rules = [] }) => rules)
    .filter(({ resources, verbs }) => resources.includes(resource) && verbs.includes(verb))
    .flatMap(({ resourceNames = [] }) => resourceNames);
}

/** In any order of names. */
function sorted(roles: Role[]): string[] {
  return roles.map((role) =>
    JSON.stringify(role, (key, value: unknown) =>
      key === 'resourceNames' ? (value as string[]).toSorted() : value,
    ),
  );
}

const checks = ['--machine-health-checks', 'cp,cp-spare', '--node-health-checks', 'nhc'];
const given = readdirSync(directory)
  .filter((file) => file.endsWith('.yaml'))
  .toSorted()
  .flatMap((file) => rolesIn(readFileSync(join(directory, file), 'utf8')));

describe('the roles with a cluster’s own names', () => {
  it('name the secrets of its masters, however many, and its health checks, and no example any more', () => {
    const masters = ['cp-a.example', 'cp-b.example', 'cp-c', 'cp-d', 'cp-e'];
    const roles = rbac('--masters', masters.join(), ...checks);
    const deleted = namesOf(roles, 'secrets', 'delete');
    assert.deepEqual(deleted.toSorted(), masters.flatMap(certificateSecrets).toSorted());
    const patched = namesOf(roles, 'secrets', 'patch');
    assert.deepEqual(patched, [allCertsSecret]);
    assert.ok(namesOf(roles, 'secrets', 'get').includes(allCertsSecret));
    assert.deepEqual(namesOf(roles, 'machinehealthchecks', 'patch'), ['cp', 'cp-spare']);
    assert.deepEqual(namesOf(roles, 'nodehealthchecks', 'patch'), ['nhc']);
    const examples = Object.values(exampleNames).flat();
    const left = roles.flatMap(({ rules = [] }) => rules.flatMap(({ resourceNames = [] }) => resourceNames));
    assert.ok(
      !left.some((name) => examples.some((example) => name === example || name.endsWith(`-${example}`))),
    );
  });

  it('are otherwise exactly those of deploy/rbac', () => {
    const { masters, machineHealthChecks, nodeHealthChecks } = exampleNames;
    const same = rbac(
      '--masters',
      masters.join(),
      '--machine-health-checks',
      machineHealthChecks.join(),
      '--node-health-checks',
      nodeHealthChecks.join(),
    );
    assert.deepEqual(sorted(same), sorted(given));
  });

  it('have no role without names, and no binding to one: it would be for every object of its kind', () => {
    const roles = rbac('--masters', 'cp-a,cp-b,cp-c');
    const names = new Set(roles.map(({ metadata }) => metadata.name));
    assert.ok(![...names].some((name) => name.includes('health-checks')), [...names].join());
    for (const { rules = [], roleRef } of roles) {
      assert.ok(rules.every(({ resourceNames }) => resourceNames?.length !== 0));
      if (roleRef) assert.ok(names.has(roleRef.name), roleRef.name);
    }
  });

  it('are not made of what is no name, nor for no master', () => {
    for (const args of [['--masters', 'cp-a,"*"'], ['--masters', 'CP'], [], ['--mastres', 'cp-a']]) {
      const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/rbac.ts', ...args], {
        cwd: root,
        encoding: 'utf8',
      });
      assert.deepEqual([status, stdout], [2, ''], args.join(' '));
      assert.match(stderr, /--masters NAME/);
    }
  });

  it('are told of where one looks for them', () => {
    assert.match(readFileSync(join(directory, 'README.md'), 'utf8'), /node scripts\/rbac\.ts --masters/);
    for (const file of ['40-etcd-observe.yaml', '41-etcd-recovery.yaml'])
      assert.match(readFileSync(join(directory, file), 'utf8'), /scripts\/rbac\.ts/);
  });
});
