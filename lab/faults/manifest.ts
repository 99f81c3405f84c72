import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';
import { MANIFESTS } from '../cluster/paths.ts';
import { restartKubelet } from './kubelet-unit.ts';
import { on } from './node-health.ts';
import { forget, isSaved, restoreFiles, saveFiles } from './saved.ts';

/** How long a kubelet that can authenticate needs to stop a static pod whose manifest is gone, amply. */
const ORDERLY_MS = 40_000;

/** Takes a static pod's manifest away, to a place outside the node, and waits until its container has ended. */
export async function takeManifest(
  lab: Lab,
  node: string,
  { fault, file, container, signal }: ManifestFault,
): Promise<void> {
  const path = `${MANIFESTS}/${file}`;
  const { code } = await lab.sh(node, ['test', '-e', path]);
  if (code === 0) {
    await saveFiles(lab, fault, node, [path]);
    await on(lab, node, 'rm', path);
  }
  const ended = async () => !(await isRunning(lab, node, container)) || `${container} still runs`;
  const what = `${node}: ${container} ended`;
  try {
    await waitUntil(what, ended, { withinMs: ORDERLY_MS, signal });
  } catch {
    signal?.throwIfAborted();
    await stopByHand(lab, node, container);
    await waitUntil(what, ended, { withinMs: ORDERLY_MS, signal });
  }
}

/** Puts the manifest back, byte for byte, so that the pod's hash is what it was. */
export async function putManifestBack(lab: Lab, node: string, { fault }: ManifestFault): Promise<void> {
  if (!isSaved(lab, fault, node)) return;
  await restoreFiles(lab, fault, node);
  forget(lab, fault, node);
}

export interface ManifestFault {
  fault: string;
  file: string;
  container: string;
  signal?: AbortSignal | undefined;
}

async function isRunning(lab: Lab, node: string, container: string): Promise<boolean> {
  return (await lab.containers(node)).some(({ name }) => name === container);
}

/**
 * A kubelet that cannot reach the API never stops a static pod ("skipping delete because sources aren't ready yet").
 * Restarted, it no longer knows the pod, and then nobody starts the container again.
 */
async function stopByHand(lab: Lab, node: string, container: string): Promise<void> {
  await restartKubelet(lab, node);
  const running = (await lab.containers(node)).filter(({ name }) => name === container);
  for (const { id } of running) await on(lab, node, 'crictl', 'stop', id);
}
