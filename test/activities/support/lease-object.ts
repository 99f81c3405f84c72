import type { TestContext } from 'node:test';
import type { ClusterConnection } from '../../../activities/connections/cluster.ts';
import { leaseTargets, type LeaseTargetName } from '../../../domain/lease.ts';
import type { JsonPatch } from '../../../domain/lease-rules.ts';
import { patched } from '../../support/json-patch.ts';
import { fakeApi, refused, type FakeAnswer, type FakeCall } from './fake-api.ts';
import { clusterWith } from './fake-node.ts';

interface Fields {
  metadata: { resourceVersion: string; annotations?: Record<string, string> };
  [part: string]: unknown;
}

/** An API server with one object that can be read and patched, as the real one reads and patches it. */
export interface LeaseObject {
  connection: ClusterConnection;
  kubeconfig: string;
  /** As it is now. */
  read(): Fields;
  /** Without its version, as text: every byte counts. */
  text(): string;
  /** Somebody else's change; `gone` removes the object. */
  change(change: (object: Fields) => unknown): void;
  gone: boolean;
  patches(): FakeCall[];
  /** Answers instead of the API; `after` runs the call first and then loses its answer. */
  interfere: (call: FakeCall) => FakeAnswer | 'after' | undefined;
}

export async function leaseObject(
  t: TestContext,
  target: LeaseTargetName,
  content: Record<string, unknown> = {},
): Promise<LeaseObject> {
  let object: Fields = { metadata: { resourceVersion: '1' }, ...structuredClone(content) };
  const write = (next: Fields) => {
    const resourceVersion = String(Number(object.metadata.resourceVersion) + 1);
    object = { ...next, metadata: { ...next.metadata, resourceVersion } };
  };
  const route = ({ method, path, body }: FakeCall): FakeAnswer => {
    if (path !== leaseTargets[target].object) return refused(404, 'not found');
    // Only of an object does the API server say its name: a kind that it does not know is a 404 without one.
    if (it.gone)
      return { status: 404, body: { kind: 'Status', reason: 'NotFound', details: { name: 'it' } } };
    if (method === 'GET') return { body: object };
    const next = patched(object, body as JsonPatch);
    // All that the API server says when a test fails: no causes.
    if (!next) return { status: 422, body: { kind: 'Status', reason: 'Invalid', details: {}, code: 422 } };
    write(next);
    return { body: object };
  };
  const api = await fakeApi(t, (call) => {
    const instead = it.interfere(call);
    if (instead !== undefined && instead !== 'after') return instead;
    const answer = route(call);
    return instead === 'after' ? 'cut' : answer;
  });
  const it: LeaseObject = {
    connection: clusterWith('master-1', api.kubeconfig),
    kubeconfig: api.kubeconfig,
    read: () => object,
    text: () => {
      const { annotations = {} } = object.metadata;
      return JSON.stringify({ ...object, metadata: { annotations } });
    },
    change: (change) => {
      const next = structuredClone(object);
      change(next);
      write(next);
    },
    gone: false,
    patches: () => api.calls.filter(({ method }) => method === 'PATCH'),
    interfere: () => undefined,
  };
  return it;
}
