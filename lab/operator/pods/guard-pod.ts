import type { Operand } from '../rules/types.ts';

/** Ready exactly when the node's etcd answers: what a drain counts, by way of the disruption budget below. */
export function guardPod({ node, podIp }: Operand, image: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `etcd-guard-${node}`, namespace: 'openshift-etcd', labels: { app: 'guard' } },
    spec: {
      nodeName: node,
      serviceAccountName: 'guard-sa',
      automountServiceAccountToken: false,
      priorityClassName: 'system-cluster-critical',
      terminationGracePeriodSeconds: 3,
      tolerations: [{ operator: 'Exists' }],
      containers: [
        {
          name: 'guard',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['/bin/sh', '-c', "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"],
          readinessProbe: {
            httpGet: { host: podIp, port: 9980, path: 'readyz', scheme: 'HTTPS' },
            periodSeconds: 5,
            timeoutSeconds: 5,
            failureThreshold: 3,
          },
          resources: { requests: { cpu: '10m', memory: '5Mi' } },
        },
      ],
    },
  };
}

/** minAvailable: one fewer than there are masters. */
export function guardBudget(masters: number): object {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'etcd-guard-pdb', namespace: 'openshift-etcd' },
    spec: { minAvailable: masters - 1, selector: { matchLabels: { app: 'guard' } } },
  };
}
