/** What the worker serves under the names that people see in the Web UI: exactly these. */
export { Brake } from './brake.ts';
export { Cleanup } from './cleanup.ts';
export { EtcdRecovery } from './etcd-recovery.ts';
export { HealthCheck } from './health-check.ts';
export { KubeletAuthRecovery } from './kubelet-auth-recovery.ts';
export { KubeletFollowUp } from './kubelet-follow-up.ts';
export { OverrideLease } from './override-lease.ts';
