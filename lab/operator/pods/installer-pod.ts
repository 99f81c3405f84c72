import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installerName } from '../rules/installer.ts';
import { REVISIONED } from '../rules/revisions.ts';
import type { NodeStatus } from '../rules/types.ts';
import { variableOf } from './etcd-pod.ts';

const SCRIPT = join(import.meta.dirname, 'install.sh');

/** Installed as they are now, whatever the revision: what was rotated meanwhile must reach the node. */
const CURRENT = [
  { kind: 'configmap', name: 'etcd-scripts' },
  { kind: 'configmap', name: 'etcd-all-bundles' },
  { kind: 'secret', name: 'etcd-all-certs' },
] as const;

export interface InstallerInput {
  status: NodeStatus;
  image: string;
  /** UID of `revision-status-N`, which owns the pod. */
  owner: string;
  /** Seconds before it begins: 30, and nearly none while the platform installs itself. */
  wait: number;
}

/**
 * A pod that writes the node's static pod. Bound to its node without a scheduler: with the node's kubelet dead it stays
 * Pending for ever. Unlike the real one it has its objects mounted instead of reading them from the API.
 */
export function installerPod({ status, image, owner, wait }: InstallerInput): object {
  const { nodeName, targetRevision } = status;
  const revisioned = REVISIONED.map(({ kind, name }) =>
    source(`revisioned-${name}`, kind, `${name}-${targetRevision}`, `/installer/revisioned/${name}`),
  );
  const current = CURRENT.map(({ kind, name }) =>
    source(`current-${name}`, kind, name, `/installer/current/${name}`),
  );
  const sources = [...revisioned, ...current];
  const env = {
    REVISION: String(targetRevision),
    NODE_NAME: nodeName,
    NODE_ENVVAR_NAME: variableOf(nodeName),
    WAIT: String(wait),
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: installerName(status),
      namespace: 'openshift-etcd',
      labels: { app: 'installer' },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'ConfigMap', name: `revision-status-${targetRevision}`, uid: owner },
      ],
    },
    spec: {
      nodeName,
      serviceAccountName: 'installer-sa',
      automountServiceAccountToken: false,
      priorityClassName: 'system-node-critical',
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 30,
      tolerations: [{ operator: 'Exists' }],
      securityContext: { runAsUser: 0 },
      containers: [
        {
          name: 'installer',
          image,
          imagePullPolicy: 'IfNotPresent',
          terminationMessagePolicy: 'FallbackToLogsOnError',
          command: ['/bin/sh', '-c', readFileSync(SCRIPT, 'utf8')],
          env: Object.entries(env).map(([name, value]) => ({ name, value })),
          resources: { requests: { cpu: '10m', memory: '20M' } },
          volumeMounts: [
            { name: 'kubelet-dir', mountPath: '/etc/kubernetes/' },
            ...sources.map(({ mount }) => mount),
          ],
        },
      ],
      volumes: [
        { name: 'kubelet-dir', hostPath: { path: '/etc/kubernetes/' } },
        ...sources.map(({ volume }) => volume),
      ],
    },
  };
}

function source(volume: string, kind: 'configmap' | 'secret', object: string, mountPath: string) {
  const from = kind === 'secret' ? { secret: { secretName: object } } : { configMap: { name: object } };
  return { volume: { name: volume, ...from }, mount: { name: volume, mountPath, readOnly: true } };
}
