import { addressOf, MASTERS, type LabSettings, type Platform } from '../settings.ts';
import { RESOURCES } from './paths.ts';

/** Names of the images that the static pods run. */
export interface ControlPlaneImages {
  etcdImage: string;
  hyperkubeImage: string;
}

/** What the manifests need to know. */
export interface ManifestInput {
  settings: LabSettings;
  images: ControlPlaneImages;
  platform: Platform;
}

/** A pod as its manifest states it. */
export type Pod = Record<string, unknown>;

export function etcdEndpoints(settings: LabSettings): string[] {
  return MASTERS.map((node) => `https://${addressOf(settings, node)}:2379`);
}

interface PodParts {
  name: string;
  namespace: string;
  labels: Record<string, string>;
  gracePeriod: number;
  initContainers?: unknown[];
  containers: unknown[];
  /** Volume name to path on the node. */
  volumes: Record<string, string>;
}

/** What all control plane pods have in common. */
export function controlPlanePod(parts: PodParts): Pod {
  const { name, namespace, labels, gracePeriod, initContainers, containers, volumes } = parts;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: { ...labels, revision: '1' },
      annotations: { 'kubectl.kubernetes.io/default-container': name },
    },
    spec: {
      hostNetwork: true,
      priorityClassName: 'system-node-critical',
      terminationGracePeriodSeconds: gracePeriod,
      tolerations: [{ operator: 'Exists' }],
      ...(initContainers ? { initContainers } : {}),
      containers,
      volumes: Object.entries(volumes).map(([volume, path]) => ({ name: volume, hostPath: { path } })),
    },
  };
}

/** A probe of this node's own server; the kubelet does not check the certificate. */
export function localProbe(scheme: 'HTTP' | 'HTTPS', port: number, path: string): Record<string, unknown> {
  return { httpGet: { host: '127.0.0.1', port, path, scheme } };
}

export const RESOURCES_MOUNT = { mountPath: RESOURCES, name: 'resources', readOnly: true };
