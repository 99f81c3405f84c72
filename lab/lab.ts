/** The lab as the command line, the demo and the tests use it. */
export { labUp, type UpOptions } from './up.ts';
export { labDown, type DownOptions } from './down.ts';
export { labStatus, openLab, type AuditFilter, type Container, type Lab, type LabStatus } from './handle.ts';
export type { AuditEvent } from './cluster/audit.ts';
