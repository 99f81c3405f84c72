import { addressOf } from '../settings.ts';
import { SERVICE_NETWORK } from './certificates.ts';
import {
  controlPlanePod,
  etcdEndpoints,
  localProbe,
  RESOURCES_MOUNT,
  type ManifestInput,
  type Pod,
} from './pod.ts';
import { API_CERTS, API_POD, AUDIT_DIR, AUDIT_LOG, RESOURCES } from './paths.ts';

/** Served by the name that the client asks for; the first of the list is what a client without a name gets. */
export const SERVING_CERTIFICATES = [
  'service-network-serving',
  'localhost-serving',
  'external-loadbalancer-serving',
  'internal-loadbalancer-serving',
  'localhost-recovery-serving',
] as const;

export const AUDIT_POLICY = `${API_POD}/configmaps/kube-apiserver-audit-policies/policy.yaml`;

export function apiServerPod(input: ManifestInput, node: string): Pod {
  return controlPlanePod({
    name: 'kube-apiserver',
    namespace: 'openshift-kube-apiserver',
    labels: { app: 'openshift-kube-apiserver', apiserver: 'true' },
    gracePeriod: 15,
    volumes: { resources: RESOURCES, 'audit-dir': AUDIT_DIR },
    containers: [
      {
        name: 'kube-apiserver',
        image: input.images.hyperkubeImage,
        imagePullPolicy: 'IfNotPresent',
        terminationMessagePolicy: 'FallbackToLogsOnError',
        command: ['/usr/bin/kube-apiserver'],
        args: [...identityFlags(input, node), ...servingFlags(), ...authFlags(), ...auditFlags()],
        ports: [{ containerPort: 6443 }],
        startupProbe: {
          ...localProbe('HTTPS', 6443, '/livez'),
          periodSeconds: 2,
          failureThreshold: 150,
          timeoutSeconds: 5,
        },
        livenessProbe: {
          ...localProbe('HTTPS', 6443, '/livez?exclude=etcd'),
          failureThreshold: 8,
          timeoutSeconds: 10,
        },
        readinessProbe: { ...localProbe('HTTPS', 6443, '/readyz'), periodSeconds: 5, timeoutSeconds: 10 },
        resources: { requests: { cpu: '100m', memory: '300Mi' } },
        volumeMounts: [RESOURCES_MOUNT, { mountPath: AUDIT_DIR, name: 'audit-dir' }],
      },
    ],
  });
}

function identityFlags({ settings }: ManifestInput, node: string): string[] {
  const etcd = `${API_POD}/secrets/etcd-client`;
  return [
    '--bind-address=0.0.0.0',
    '--secure-port=6443',
    `--advertise-address=${addressOf(settings, node)}`,
    `--etcd-servers=${[...etcdEndpoints(settings), 'https://localhost:2379'].join(',')}`,
    `--etcd-cafile=${API_POD}/configmaps/etcd-serving-ca/ca-bundle.crt`,
    `--etcd-certfile=${etcd}/tls.crt`,
    `--etcd-keyfile=${etcd}/tls.key`,
    `--service-cluster-ip-range=${SERVICE_NETWORK}`,
    '--allow-privileged=true',
    '--shutdown-delay-duration=0s',
    '--goaway-chance=0.001',
    '--profiling=false',
    '--v=2',
  ];
}

function servingFlags(): string[] {
  const [standard] = SERVING_CERTIFICATES;
  return [
    `--tls-cert-file=${servingFile(standard, 'crt')}`,
    `--tls-private-key-file=${servingFile(standard, 'key')}`,
    ...SERVING_CERTIFICATES.map(
      (name) => `--tls-sni-cert-key=${servingFile(name, 'crt')},${servingFile(name, 'key')}`,
    ),
  ];
}

function servingFile(name: string, kind: 'crt' | 'key'): string {
  return `${API_CERTS}/secrets/${name}-certkey/tls.${kind}`;
}

function authFlags(): string[] {
  const kubelet = `${API_POD}/secrets/kubelet-client`;
  const aggregator = `${API_CERTS}/secrets/aggregator-client`;
  const tokens = `${API_POD}/secrets/bound-service-account-signing-key`;
  return [
    `--client-ca-file=${API_CERTS}/configmaps/client-ca/ca-bundle.crt`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    `--kubelet-client-certificate=${kubelet}/tls.crt`,
    `--kubelet-client-key=${kubelet}/tls.key`,
    `--kubelet-certificate-authority=${API_POD}/configmaps/kubelet-serving-ca/ca-bundle.crt`,
    '--kubelet-preferred-address-types=InternalIP,Hostname',
    `--proxy-client-cert-file=${aggregator}/tls.crt`,
    `--proxy-client-key-file=${aggregator}/tls.key`,
    `--requestheader-client-ca-file=${API_CERTS}/configmaps/aggregator-client-ca/ca-bundle.crt`,
    '--requestheader-allowed-names=system:openshift-aggregator',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-username-headers=X-Remote-User',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${tokens}/service-account.pub`,
    `--service-account-signing-key-file=${tokens}/service-account.key`,
  ];
}

function auditFlags(): string[] {
  return [
    `--audit-policy-file=${AUDIT_POLICY}`,
    `--audit-log-path=${AUDIT_LOG}`,
    '--audit-log-maxsize=100',
    '--audit-log-maxbackup=2',
  ];
}
