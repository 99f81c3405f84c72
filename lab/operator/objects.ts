import { isDeepStrictEqual } from 'node:util';
import { ApiError, type Api } from '../cluster/api.ts';
import type { Content } from './rules/revisions.ts';

export const NAMESPACE = 'openshift-etcd';

/** A ConfigMap or a Secret; a Secret's values are in base64. */
export interface DataObject {
  metadata: {
    name: string;
    uid?: string;
    resourceVersion?: string;
    annotations?: Record<string, string>;
    labels?: Record<string, string>;
  };
  type?: string;
  data?: Content;
}

export type DataKind = 'configmap' | 'secret';

/** What an object is to be. */
export interface Wanted {
  kind: DataKind;
  name: string;
  data: Content;
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
  type?: string;
}

export function pathOf(kind: DataKind, name = ''): string {
  return `/api/v1/namespaces/${NAMESPACE}/${kind}s${name && `/${name}`}`;
}

/** Creates the object or replaces its content; true when something was written. `before` is what the API had last. */
export async function apply(api: Api, before: DataObject | undefined, wanted: Wanted): Promise<boolean> {
  const { kind, name, data, annotations, labels, type } = wanted;
  if (before && isCurrent(before, wanted)) return false;
  const metadata = {
    ...before?.metadata,
    name,
    namespace: NAMESPACE,
    annotations: { ...before?.metadata.annotations, ...annotations },
    labels: { ...before?.metadata.labels, ...labels },
  };
  const body = { apiVersion: 'v1', kind: KINDS[kind], metadata, data, ...(type ? { type } : {}) };
  // With the resourceVersion of what was compared: who wrote in between is not overwritten unseen.
  if (before) await api.send('PUT', pathOf(kind, name), body);
  else await create(api, pathOf(kind), body);
  return true;
}

const KINDS = { configmap: 'ConfigMap', secret: 'Secret' } as const;

function isCurrent(before: DataObject, { data, annotations = {} }: Wanted): boolean {
  const same = Object.entries(annotations).every(
    ([key, value]) => before.metadata.annotations?.[key] === value,
  );
  return same && isDeepStrictEqual(before.data ?? {}, data);
}

/** Makes an object that may be there already. */
export async function create(api: Api, path: string, body: object): Promise<void> {
  await api.send('POST', path, body).catch((error: unknown) => {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
  });
}

/** Takes an object away that may be gone already. */
export async function remove(api: Api, path: string): Promise<void> {
  await api.send('DELETE', path).catch((error: unknown) => {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  });
}

/** A resource that a cluster may be without: undefined where the API does not know it. */
export async function getIfAny<T>(api: Api, path: string): Promise<T | undefined> {
  try {
    return await api.get<T>(path);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
