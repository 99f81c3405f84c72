import { z } from 'zod';

/**
 * Walks a schema of objects and records. The names of free keys are written `<name>`: `clusters.<name>.ssh.user`.
 * Used for "did you mean" and for the test that every key is documented.
 */

/** Every key of the schema as a dotted path, groups (`clusters.<name>.policy`) included, in the schema's order. */
export function schemaKeys(schema: z.core.$ZodType, prefix = ''): string[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodRecord) return schemaKeys(inner.valueType, `${prefix}.<name>`);
  if (!(inner instanceof z.ZodObject)) return [];
  return Object.entries<z.core.$ZodType>(inner.shape).flatMap(([key, value]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    return [path].concat(schemaKeys(value, path));
  });
}

/** The keys that may stand at a path of the data; empty when anything may (a record) or nothing can (a scalar). */
export function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const inner = unwrap(schema);
  const [head, ...rest] = path;
  if (inner instanceof z.ZodRecord) return head === undefined ? [] : keysAt(inner.valueType, rest);
  if (!(inner instanceof z.ZodObject)) return [];
  if (head === undefined) return Object.keys(inner.shape);
  const next = (inner.shape as Record<string, z.core.$ZodType>)[String(head)];
  return next === undefined ? [] : keysAt(next, rest);
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.def.innerType);
  }
  return schema;
}
