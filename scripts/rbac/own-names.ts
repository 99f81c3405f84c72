import { parseAllDocuments, stringify } from 'yaml';
import { certificateSecrets } from '../../domain/etcd/names.ts';

/** What a cluster calls those that a role must name one by one. */
export interface OwnNames {
  masters: string[];
  machineHealthChecks: string[];
  nodeHealthChecks: string[];
}

interface Rule {
  resources?: string[];
  resourceNames?: string[];
}

interface Manifest {
  kind?: string;
  metadata?: { name?: string };
  rules?: Rule[];
  roleRef?: { name: string };
}

/** The names that stand in deploy/rbac for those of a real cluster. */
export const exampleNames: OwnNames = {
  masters: ['master-0', 'master-1', 'master-2'],
  machineHealthChecks: ['control-plane'],
  nodeHealthChecks: ['control-plane'],
};

/**
 * Manifests with a cluster's own names in the place of the examples. A role for which there is no name goes, and its binding with
 * it: a rule that names nothing would be one for all objects of its kind. Throws for what is no name of an object.
 */
export function withOwnNames(manifests: string[], own: OwnNames): string {
  for (const name of Object.values(own).flat())
    if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name))
      throw new Error(`'${name}' is no name of an object`);
  if (own.masters.length === 0) throw new Error('no master is named');
  const all = manifests.flatMap((text) =>
    parseAllDocuments(text).map((document) => document.toJS() as Manifest),
  );
  const filled = all.map((manifest) => fill(manifest, own));
  const gone = new Set(filled.filter(isEmptied).map(({ metadata }) => metadata?.name));
  return filled
    .filter(({ metadata, roleRef }) => !gone.has(roleRef?.name ?? metadata?.name))
    .map((manifest) => stringify(manifest))
    .join('---\n');
}

function fill(manifest: Manifest, own: OwnNames): Manifest {
  if (!manifest.rules) return manifest;
  return { ...manifest, rules: manifest.rules.map((rule) => fillRule(rule, own)) };
}

function fillRule(rule: Rule, own: OwnNames): Rule {
  const { resources = [], resourceNames } = rule;
  if (!resourceNames) return rule;
  if (resources.includes('machinehealthchecks')) return { ...rule, resourceNames: own.machineHealthChecks };
  if (resources.includes('nodehealthchecks')) return { ...rule, resourceNames: own.nodeHealthChecks };
  const examples = exampleNames.masters.flatMap(certificateSecrets);
  if (!resourceNames.some((name) => examples.includes(name))) return rule;
  const others = resourceNames.filter((name) => !examples.includes(name));
  return { ...rule, resourceNames: [...others, ...own.masters.flatMap(certificateSecrets)] };
}

function isEmptied({ rules = [] }: Manifest): boolean {
  return rules.some(({ resourceNames }) => resourceNames?.length === 0);
}
