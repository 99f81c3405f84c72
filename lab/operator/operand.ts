import type { Operand } from './rules/types.ts';

export interface PodObject {
  metadata: {
    name: string;
    uid: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    deletionTimestamp?: string;
    creationTimestamp: string;
  };
  spec: {
    nodeName?: string;
    containers?: { readinessProbe?: { httpGet?: { host?: string } } }[];
  };
  status?: {
    phase?: string;
    podIP?: string;
    startTime?: string;
    containerStatuses?: ContainerStatus[];
  };
}

interface ContainerStatus {
  name: string;
  ready: boolean;
  state?: {
    running?: object;
    waiting?: { reason?: string; message?: string };
    terminated?: { reason?: string; message?: string; exitCode: number; finishedAt?: string };
  };
}

const MIRROR = 'kubernetes.io/config.mirror';
/** A pod that has not come to its containers: whatever its init containers do, the operator says nothing. */
const STARTING = ['PodInitializing', 'ContainerCreating'];

/** The etcd static pod that a mirror pod shows; undefined for every other pod. A dead node's stays as it was: Running, Ready. */
export function operandOf({ metadata, spec, status = {} }: PodObject): Operand | undefined {
  const { labels = {}, annotations = {} } = metadata;
  if (labels['app'] !== 'etcd' || annotations[MIRROR] === undefined) return undefined;
  const { phase, podIP = '', containerStatuses: containers = [] } = status;
  const { nodeName = '' } = spec;
  return {
    node: nodeName,
    revision: Number(labels['revision'] ?? 0),
    podIp: podIP,
    ready: phase === 'Running' && containers.length > 0 && containers.every(({ ready }) => ready),
    etcdRunsNotReady: containers.some(
      ({ name, ready, state }) => name === 'etcd' && !ready && state?.running,
    ),
    troubles: containers.flatMap((container) => troublesOf(metadata.name, container)),
  };
}

function troublesOf(pod: string, { name, ready, state }: ContainerStatus): string[] {
  const { waiting, terminated } = state ?? {};
  if (ready) return [];
  if (waiting && !STARTING.includes(waiting.reason ?? '')) {
    return [`pod/${pod} container "${name}" is waiting: ${waiting.reason ?? ''}: ${waiting.message ?? ''}`];
  }
  // Ended in good order is how a container lets itself be started with new certificates.
  if (!terminated || terminated.exitCode === 0) return [];
  return [
    `pod/${pod} container "${name}" is terminated: ${terminated.reason ?? ''}: ${terminated.message ?? ''}`,
  ];
}
