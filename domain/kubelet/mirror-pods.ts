import type { KubeletEvidence, MirrorPod, StaticPodManifest } from '../control-plane.ts';

/**
 * What is wanting for every manifest on the node to have its mirror pod, one sentence each; none means complete.
 *
 * Ready and Running prove nothing: the mirror pods of a dead kubelet say both for ever. So with `since` (ISO 8601, the
 * kubelet's start, by the API server's clock) each must carry a status that is newer.
 */
export function mirrorGaps(
  { nodeName, manifests }: Pick<KubeletEvidence, 'nodeName' | 'manifests'>,
  pods: MirrorPod[],
  since?: string,
): string[] {
  // No manifest at all is not "every manifest": on a master it means that we did not see them.
  if (manifests.length === 0) return [`no static pod manifest was seen on ${nodeName}`];
  return manifests.flatMap((manifest) => gapOf(manifest, nodeName, pods, since) ?? []);
}

function gapOf(
  { namespace, podName, runningHash, file }: StaticPodManifest,
  node: string,
  pods: MirrorPod[],
  since: string | undefined,
): string | undefined {
  const name = `${podName}-${node}`;
  if (runningHash === undefined) return `${file} runs in no sandbox`;
  const pod = pods.find((one) => one.namespace === namespace && one.name === name);
  if (!pod) return `mirror pod ${namespace}/${name} is missing`;
  if (pod.terminating) return `mirror pod ${namespace}/${name} is being deleted`;
  if (pod.configHash !== runningHash)
    return `mirror pod ${namespace}/${name} is not of the manifest that runs`;
  if (since === undefined || isSince(pod.statusTime, since)) return undefined;
  return pod.statusTime === undefined
    ? `mirror pod ${namespace}/${name} has no status of its kubelet yet`
    : `the status of mirror pod ${namespace}/${name} is older than the restart`;
}

/** Kubernetes writes whole seconds, systemd writes fractions: a status of the same second is not older. */
function isSince(time: string | undefined, since: string): boolean {
  return Date.parse(time ?? '') >= Math.floor(Date.parse(since) / 1_000) * 1_000;
}
