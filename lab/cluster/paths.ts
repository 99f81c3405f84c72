/** OpenShift's file layout on a master; all absolute. */
export const RESOURCES = '/etc/kubernetes/static-pod-resources';
export const MANIFESTS = '/etc/kubernetes/manifests';

export const API_CERTS = `${RESOURCES}/kube-apiserver-certs`;
export const API_POD = `${RESOURCES}/kube-apiserver-pod-1`;
export const KCM_CERTS = `${RESOURCES}/kube-controller-manager-certs`;
export const KCM_POD = `${RESOURCES}/kube-controller-manager-pod-1`;
export const SCHEDULER_POD = `${RESOURCES}/kube-scheduler-pod-1`;
export const ETCD_CERTS = `${RESOURCES}/etcd-certs`;

/** Present only while the lab installs itself: the first start of etcd may found a cluster. */
export const ETCD_BOOTSTRAP_MARK = `${RESOURCES}/etcd-bootstrap`;
export const NODE_KUBECONFIGS = `${API_CERTS}/secrets/node-kubeconfigs`;

export const AUDIT_DIR = '/var/log/kube-apiserver';
export const AUDIT_LOG = `${AUDIT_DIR}/audit.log`;

export const BOOTSTRAP_KUBECONFIG = '/etc/kubernetes/kubeconfig';
export const KUBELET_KUBECONFIG = '/var/lib/kubelet/kubeconfig';
export const KUBELET_PKI = '/var/lib/kubelet/pki';
