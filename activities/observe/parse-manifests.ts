import { parse } from 'yaml';
import type { KubeletEvidence, StaticPodManifest } from '../../domain/control-plane.ts';
import { redact, verbatim } from '../redact.ts';
import type { Values } from './values.ts';

interface Sandbox {
  namespace?: string;
  name?: string;
  state?: string;
  createdAt?: string | number;
  hash?: string;
}

/**
 * Static pod manifests on the node, each with the hash that its running sandbox carries, and the static pods that run
 * without one. Pure; throws when nobody asked.
 */
export function parseManifests(values: Values): Pick<KubeletEvidence, 'manifests' | 'orphanPods'> {
  const sandboxes = parseSandboxes(values['pods']);
  const node = values['nodeName'] ?? '';
  const manifests: StaticPodManifest[] = [];
  for (let number = 0; values[`manifest.${number}.file`] !== undefined; number += 1) {
    const pod = parsePod(values[`manifest.${number}.body`] ?? '');
    const running = newestOf(
      sandboxes.filter(
        (sandbox) => sandbox.namespace === pod.namespace && sandbox.name === `${pod.podName}-${node}`,
      ),
    );
    manifests.push({
      file: redact(values[`manifest.${number}.file`] ?? '', 200),
      sha256: verbatim(values[`manifest.${number}.sha256`] ?? '', 64),
      ...pod,
      ...(running?.hash === undefined ? {} : { runningHash: verbatim(running.hash, 100) }),
      ...(running && isSince(values[`manifest.${number}.changed`], running) ? { writtenSince: true } : {}),
    });
  }
  return { manifests, orphanPods: orphansOf(sandboxes, manifests, node) };
}

/** `changed` in seconds since 1970, `createdAt` in nanoseconds; the same second is how every static pod begins. */
function isSince(changed: string | undefined, { createdAt }: Sandbox): boolean {
  if (changed === undefined || !/^\d{1,12}$/.test(changed))
    throw new Error('manifest: no time of its last change');
  return Number(changed) > Math.floor(Number(createdAt ?? 0) / 1e9);
}

function orphansOf(
  sandboxes: Sandbox[],
  manifests: StaticPodManifest[],
  node: string,
): KubeletEvidence['orphanPods'] {
  const orphans = sandboxes.filter(
    ({ state, namespace, name }) =>
      state === 'SANDBOX_READY' &&
      !manifests.some((one) => one.namespace === namespace && `${one.podName}-${node}` === name),
  );
  return orphans.map(({ namespace = '', name = '' }) => ({
    namespace: verbatim(namespace),
    name: verbatim(name),
  }));
}

/** JSON is YAML as well; the kubelet reads both. A file that is no pod keeps its place, with a name that no pod has. */
function parsePod(text: string): { namespace: string; podName: string } {
  try {
    const { metadata } = parse(text, { maxAliasCount: 20 }) as {
      metadata?: { name?: unknown; namespace?: unknown };
    };
    const name = metadata?.name;
    if (typeof name === 'string') {
      return {
        namespace: typeof metadata?.namespace === 'string' ? verbatim(metadata.namespace) : 'default',
        podName: verbatim(name),
      };
    }
  } catch {
    // Not YAML.
  }
  return { namespace: '?', podName: '?' };
}

/** An answer that makes no sense is not "no sandbox": that would call every static pod dead. */
function parseSandboxes(text: string | undefined): Sandbox[] {
  if (text === undefined) throw new Error('pods: crictl could not be asked');
  const sandboxes: unknown = JSON.parse(text);
  if (!Array.isArray(sandboxes)) throw new Error('pods: crictl answered with no list');
  return sandboxes as Sandbox[];
}

function newestOf(sandboxes: Sandbox[]): Sandbox | undefined {
  return sandboxes
    .filter((sandbox) => sandbox.state === 'SANDBOX_READY')
    .sort((left, right) => Number(right.createdAt ?? 0) - Number(left.createdAt ?? 0))[0];
}
