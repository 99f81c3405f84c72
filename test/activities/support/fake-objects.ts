import type { TestContext } from 'node:test';
import type { ClusterConnection } from '../../../activities/connections/cluster.ts';
import type { JsonPatch } from '../../../domain/lease-rules.ts';
import { patched } from '../../support/json-patch.ts';
import { fakeApi, type FakeAnswer, type FakeCall } from './fake-api.ts';
import { clusterWith } from './fake-node.ts';

export interface FakeObject {
  metadata: { uid: string; resourceVersion: string; annotations?: Record<string, string> };
  [part: string]: unknown;
}

/** An API server with some objects by path, which are read, patched and deleted as the real one does. */
export interface FakeObjects {
  connection: ClusterConnection;
  objects: Map<string, FakeObject>;
  /** Somebody puts an object there, or another one in its place. */
  put(path: string, content: Record<string, unknown>): void;
  /** All but reads. */
  writes(): FakeCall[];
  /** Answers instead of the API; `after` runs the call first and then loses its answer. */
  interfere: (call: FakeCall) => FakeAnswer | 'after' | undefined;
}

export async function fakeObjects(t: TestContext): Promise<FakeObjects> {
  let version = 0;
  const api = await fakeApi(t, (call) => {
    const instead = it.interfere(call);
    if (instead !== undefined && instead !== 'after') return instead;
    const answer = route(call);
    return instead === 'after' ? 'cut' : answer;
  });
  const next = () => String((version += 1));
  const it: FakeObjects = {
    connection: clusterWith('master-2', api.kubeconfig),
    objects: new Map(),
    put(path, content) {
      const metadata = { ...(content['metadata'] as object), uid: `uid-${next()}`, resourceVersion: next() };
      it.objects.set(path, { ...structuredClone(content), metadata });
    },
    writes: () => api.calls.filter(({ method }) => method !== 'GET'),
    interfere: () => undefined,
  };
  return it;

  function route({ method, path, body }: FakeCall): FakeAnswer {
    const object = it.objects.get(path);
    if (!object) return refusal(404, 'NotFound', { name: path.split('/').at(-1) });
    if (method === 'GET') return { body: object };
    if (method === 'DELETE') return remove(path, object, body);
    const changed = patched(object, body as JsonPatch);
    if (!changed) return refusal(422, 'Invalid', {});
    it.objects.set(path, { ...changed, metadata: { ...changed.metadata, resourceVersion: next() } });
    return { body: it.objects.get(path) };
  }

  function remove(path: string, { metadata }: FakeObject, body: unknown): FakeAnswer {
    const { preconditions = {} } = body as { preconditions?: Partial<FakeObject['metadata']> };
    const { uid = metadata.uid, resourceVersion = metadata.resourceVersion } = preconditions;
    if (uid !== metadata.uid || resourceVersion !== metadata.resourceVersion)
      return refusal(409, 'Conflict', { name: path });
    it.objects.delete(path);
    return { body: { kind: 'Status', status: 'Success' } };
  }
}

function refusal(code: number, reason: string, details: object): FakeAnswer {
  return { status: code, body: { kind: 'Status', status: 'Failure', reason, details, code } };
}
