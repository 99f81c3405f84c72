/** The lab as the command line, the demo and the tests use it. */
export { labUp } from './up.ts';
export { labDown } from './down.ts';
export { labStatus, openLab, type Container, type Lab } from './handle.ts';
export type { AuditEvent } from './cluster/audit.ts';
