import { stringify } from 'yaml';
import { apiServerPod } from './manifests-api.ts';
import { etcdPod } from './manifests-etcd.ts';
import { KCM_CERTS, KCM_POD, RESOURCES, SCHEDULER_POD } from './paths.ts';
import { controlPlanePod, localProbe, RESOURCES_MOUNT, type ManifestInput, type Pod } from './pod.ts';

/** A master's static pods by file name, as OpenShift names them. */
export function staticPods(input: ManifestInput, node: string): Record<string, string> {
  const pods: Record<string, Pod> = {
    'etcd-pod.yaml': etcdPod(input, node),
    'kube-apiserver-pod.yaml': apiServerPod(input, node),
    'kube-controller-manager-pod.yaml': controllerManagerPod(input),
    'kube-scheduler-pod.yaml': schedulerPod(input),
  };
  return Object.fromEntries(
    Object.entries(pods).map(([file, pod]) => [
      file,
      stringify(pod, { lineWidth: 0, aliasDuplicateObjects: false }),
    ]),
  );
}

function controllerManagerPod(input: ManifestInput): Pod {
  const bundle = `${KCM_POD}/configmaps/serviceaccount-ca/ca-bundle.crt`;
  return leaderElected(input, {
    command: 'kube-controller-manager',
    podName: 'kube-controller-manager',
    port: 10257,
    podDir: KCM_POD,
    args: [
      // As in OpenShift: there are no bootstrap tokens in kube-system, and nobody cleans any up.
      '--controllers=*,-bootstrapsigner,-tokencleaner,-ttl',
      `--cluster-signing-cert-file=${KCM_CERTS}/secrets/csr-signer/tls.crt`,
      `--cluster-signing-key-file=${KCM_CERTS}/secrets/csr-signer/tls.key`,
      '--cluster-signing-duration=720h',
      `--root-ca-file=${bundle}`,
      `--service-account-private-key-file=${KCM_POD}/secrets/service-account-private-key/service-account.key`,
      '--use-service-account-credentials=true',
      '--node-monitor-period=5s',
    ],
  });
}

function schedulerPod(input: ManifestInput): Pod {
  return leaderElected(input, {
    command: 'kube-scheduler',
    podName: 'openshift-kube-scheduler',
    port: 10259,
    podDir: SCHEDULER_POD,
    args: [],
  });
}

interface LeaderElected {
  command: string;
  podName: string;
  port: number;
  podDir: string;
  args: string[];
}

function leaderElected(
  { images }: ManifestInput,
  { command, podName, port, podDir, args }: LeaderElected,
): Pod {
  const kubeconfig = `${podDir}/configmaps/${command}-kubeconfig/kubeconfig`;
  // Started together with the API server on a booting node; a crash loop's back-off would cost minutes.
  const waitForApi = 'until nc -w 1 localhost 6443 </dev/null >/dev/null 2>&1; do sleep 0.5; done';
  return controlPlanePod({
    name: podName,
    namespace: `openshift-${command}`,
    labels: { app: podName, [command]: 'true' },
    gracePeriod: 10,
    volumes: { resources: RESOURCES },
    containers: [
      {
        name: command,
        image: images.hyperkubeImage,
        imagePullPolicy: 'IfNotPresent',
        terminationMessagePolicy: 'FallbackToLogsOnError',
        command: ['/bin/sh', '-c', `${waitForApi}; exec /usr/bin/${command} "$@"`, command],
        args: [
          `--kubeconfig=${kubeconfig}`,
          `--authentication-kubeconfig=${kubeconfig}`,
          `--authorization-kubeconfig=${kubeconfig}`,
          '--bind-address=0.0.0.0',
          '--leader-elect=true',
          '--leader-elect-lease-duration=30s',
          '--leader-elect-renew-deadline=20s',
          '--leader-elect-retry-period=3s',
          '--profiling=false',
          '--v=2',
          ...args,
        ],
        livenessProbe: {
          ...localProbe('HTTPS', port, '/healthz'),
          initialDelaySeconds: 60,
          periodSeconds: 10,
          failureThreshold: 8,
          timeoutSeconds: 10,
        },
        resources: { requests: { cpu: '30m', memory: '60Mi' } },
        volumeMounts: [RESOURCES_MOUNT],
      },
    ],
  });
}
