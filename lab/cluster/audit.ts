import { stringify } from 'yaml';

/**
 * Every write by anybody and every request of cpr's own identity, without bodies (they hold tokens). Leases are
 * left out: their renewal is three quarters of all writes and says nothing.
 */
const POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'Metadata', userGroups: ['system:serviceaccounts:control-plane-recovery'] },
    { level: 'None', resources: [{ group: 'coordination.k8s.io', resources: ['leases'] }] },
    { level: 'Metadata', verbs: ['create', 'update', 'patch', 'delete', 'deletecollection'] },
    { level: 'None' },
  ],
};

export function auditPolicy(): string {
  return stringify(POLICY);
}

/** One line of the audit log, as far as the lab's tests read it. */
export interface AuditEvent {
  auditID: string;
  /** The master whose API server wrote it. */
  master: string;
  verb: string;
  user: string;
  requestURI: string;
  /** Of the object; empty strings where the request names none. */
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  /** HTTP status. */
  code: number;
  /** ISO 8601, with microseconds. */
  receivedAt: string;
}

interface RawEvent {
  auditID: string;
  verb: string;
  requestURI: string;
  user?: { username?: string };
  objectRef?: { resource?: string; subresource?: string; namespace?: string; name?: string };
  responseStatus?: { code?: number };
  requestReceivedTimestamp: string;
}

/** Reads the lines of one master's log. A last line that is still being written is left for the next reading. */
export function parseAuditLog(text: string, master: string): AuditEvent[] {
  const lines = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean);
  return lines.map((line) => readEvent(JSON.parse(line) as RawEvent, master));
}

function readEvent(raw: RawEvent, master: string): AuditEvent {
  const { resource = '', subresource = '', namespace = '', name = '' } = raw.objectRef ?? {};
  return {
    auditID: raw.auditID,
    master,
    verb: raw.verb,
    user: raw.user?.username ?? '',
    requestURI: raw.requestURI,
    resource,
    subresource,
    namespace,
    name,
    code: raw.responseStatus?.code ?? 0,
    receivedAt: raw.requestReceivedTimestamp,
  };
}
