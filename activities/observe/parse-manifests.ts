import { parse } from 'yaml';
import type { StaticPodManifest } from '../../domain/control-plane.ts';
import { redact, verbatim } from '../redact.ts';
import type { Values } from './parse-kubelet.ts';

interface Sandbox {
  namespace?: string;
  name?: string;
  state?: string;
  createdAt?: string | number;
  hash?: string;
}

/** Static pod manifests on the node, each with the hash that its running sandbox carries. Pure; throws when nobody asked. */
export function parseManifests(values: Values): StaticPodManifest[] {
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
    });
  }
  return manifests;
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
