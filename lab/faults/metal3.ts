export const METAL3_NAMESPACE = 'openshift-machine-api';
export const METAL3 = `/apis/apps/v1/namespaces/${METAL3_NAMESPACE}/deployments`;

/**
 * OpenShift's tolerations of it, and one more: the lab must be able to place it on a node that has been silent for a while.
 */
const TOLERATIONS = [
  { key: 'node-role.kubernetes.io/master', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 120 },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 120 },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoSchedule' },
];

/** As cluster-baremetal-operator makes it, with a container that only waits. */
export function metal3Deployment(image: string): object {
  const labels = { app: 'metal3', 'k8s-app': 'metal3' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'metal3', namespace: METAL3_NAMESPACE, labels },
    spec: {
      replicas: 1,
      strategy: { type: 'Recreate' },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          nodeSelector: { 'node-role.kubernetes.io/master': '' },
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 3,
          tolerations: TOLERATIONS,
          containers: [
            {
              name: 'metal3-baremetal-operator',
              image,
              imagePullPolicy: 'IfNotPresent',
              command: ['/bin/sh', '-c', "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"],
            },
          ],
        },
      },
    },
  };
}
