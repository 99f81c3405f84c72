import { isDeepStrictEqual } from 'node:util';
import type { JsonPatch } from '../../domain/lease-rules.ts';

type Fields = Record<string, unknown>;

/**
 * The object after the patch, or undefined when a test fails or a path does not exist: as the API server has it, which takes
 * a test for null as passed where the value is absent.
 */
export function patched<T>(object: T, patch: JsonPatch): T | undefined {
  const copy = structuredClone(object);
  for (const { op, path, value } of patch) {
    const names = path
      .split('/')
      .slice(1)
      .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = names.pop() ?? '';
    const holder = names.reduce<unknown>(
      (at, name) => (isObject(at) || Array.isArray(at) ? (at as Fields)[name] : undefined),
      copy,
    );
    if (Array.isArray(holder)) {
      if (!appliesToList(holder, last, op, value)) return undefined;
      continue;
    }
    if (!isObject(holder)) return undefined;
    if (!applies(holder, last, op, value)) return undefined;
    if (op === 'remove') delete holder[last];
    if (op === 'add' || op === 'replace') holder[last] = structuredClone(value);
  }
  return copy;
}

function applies(holder: Fields, name: string, op: JsonPatch[number]['op'], value: unknown): boolean {
  const has = Object.hasOwn(holder, name);
  if (op === 'test') return isDeepStrictEqual(has ? holder[name] : null, value);
  return op === 'add' || has;
}

/** Carries it out: `-` is the place behind the last. */
function appliesToList(list: unknown[], at: string, op: JsonPatch[number]['op'], value: unknown): boolean {
  const index = at === '-' ? list.length : Number(at);
  if (op === 'add') return index <= list.length && list.splice(index, 0, structuredClone(value)).length === 0;
  if (index >= list.length) return false;
  if (op === 'test') return isDeepStrictEqual(list[index], value);
  return list.splice(index, 1, ...(op === 'replace' ? [structuredClone(value)] : [])).length === 1;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
