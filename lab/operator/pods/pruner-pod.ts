export interface PrunerInput {
  node: string;
  /** The newest revision: the pod is named after it. */
  revision: number;
  /** Revisions whose files stay on the node. */
  kept: readonly number[];
  image: string;
  /** UID of `revision-status-N`, which owns the pod. */
  owner: string;
}

const SCRIPT = `cd /etc/kubernetes/static-pod-resources || exit 1
for dir in etcd-pod-*; do
  case " $KEPT " in *" \${dir#etcd-pod-} "*) ;; *) echo "pruning $dir"; rm -rf "$dir" ;; esac
done`;

/** A pod that takes the files of old revisions off a node. */
export function prunerPod({ node, revision, kept, image, owner }: PrunerInput): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: prunerName(revision, node),
      namespace: 'openshift-etcd',
      labels: { app: 'pruner' },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'ConfigMap', name: `revision-status-${revision}`, uid: owner },
      ],
    },
    spec: {
      nodeName: node,
      serviceAccountName: 'installer-sa',
      automountServiceAccountToken: false,
      priorityClassName: 'system-node-critical',
      restartPolicy: 'Never',
      tolerations: [{ operator: 'Exists' }],
      securityContext: { runAsUser: 0 },
      containers: [
        {
          name: 'pruner',
          image,
          imagePullPolicy: 'IfNotPresent',
          terminationMessagePolicy: 'FallbackToLogsOnError',
          command: ['/bin/sh', '-c', SCRIPT],
          env: [{ name: 'KEPT', value: kept.join(' ') }],
          resources: { requests: { cpu: '10m', memory: '20M' } },
          volumeMounts: [{ name: 'kubelet-dir', mountPath: '/etc/kubernetes/' }],
        },
      ],
      volumes: [{ name: 'kubelet-dir', hostPath: { path: '/etc/kubernetes/' } }],
    },
  };
}

export function prunerName(revision: number, node: string): string {
  return `revision-pruner-${revision}-${node}`;
}
