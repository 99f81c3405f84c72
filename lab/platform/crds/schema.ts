/** Part of an OpenAPI v3 schema, as a CustomResourceDefinition holds it. */
export type Schema = Record<string, unknown>;

export interface Kind {
  group: string;
  version: string;
  kind: string;
  plural: string;
  /** As `oc get` takes it: co, mcp, mhc. */
  shortName?: string;
  scope: 'Cluster' | 'Namespaced';
  spec: Schema;
  status: Schema;
  /** False where the real definition has none, and a plain update writes the status too. Default: true. */
  statusSubresource?: boolean;
}

export const text: Schema = { type: 'string' };
export const time: Schema = { type: 'string', format: 'date-time' };
export const integer: Schema = { type: 'integer', format: 'int32' };
export const long: Schema = { type: 'integer', format: 'int64' };
export const flag: Schema = { type: 'boolean' };
export const integerOrText: Schema = { 'x-kubernetes-int-or-string': true };
/** What somebody else defines: kept as it comes. */
export const anything: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** An object with these fields; what it does not name is dropped by the API server, as everywhere in the platform. */
export function fields(properties: Record<string, Schema>, ...required: string[]): Schema {
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
}

export function oneOf(...values: string[]): Schema {
  return { type: 'string', enum: values };
}

export function list(items: Schema): Schema {
  return { type: 'array', items };
}

/** A list whose entries are told apart by `keys`: a merge by the API server keeps the others. */
export function listBy(keys: readonly string[], items: Schema): Schema {
  return {
    type: 'array',
    items: { ...items, required: [...keys] },
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': [...keys],
  };
}

export function nullable(schema: Schema): Schema {
  return { ...schema, nullable: true };
}

/** The conditions of operators and of what they look after. */
export const conditions = listBy(
  ['type'],
  fields({ type: text, status: text, reason: text, message: text, lastTransitionTime: time }),
);

/** The CustomResourceDefinition of a kind. */
export function definition(kind: Kind): Record<string, unknown> {
  const { group, version, plural, shortName, scope, spec, status } = kind;
  const names = {
    kind: kind.kind,
    listKind: `${kind.kind}List`,
    plural,
    singular: kind.kind.toLowerCase(),
    ...(shortName === undefined ? {} : { shortNames: [shortName] }),
  };
  const schema = fields({ apiVersion: text, kind: text, metadata: { type: 'object' }, spec, status });
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names,
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema },
          ...(kind.statusSubresource === false ? {} : { subresources: { status: {} } }),
        },
      ],
    },
  };
}
