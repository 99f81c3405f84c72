import { ApplicationFailure } from '@temporalio/workflow';
import type { RecoveryRequest } from '../../domain/run.ts';
import { recoveryWorkflowId } from '../messages.ts';

const example = '{"cluster":"prod-eu-1","requester":"you","origin":"web-ui"}';

/**
 * A run may be started from anywhere, also by hand in the Web UI: what it is given is checked before anything else, and it
 * must bear the id that is the cluster's lock. Under any other id two runs could act on one control plane.
 */
export function readRequest(input: unknown, workflowId: string): RecoveryRequest {
  const fields = (typeof input === 'object' && input !== null ? input : {}) as Record<string, unknown>;
  const cluster = nameIn(fields, 'cluster');
  const requester = nameIn(fields, 'requester');
  if (workflowId !== recoveryWorkflowId(cluster)) {
    throw badRequest(
      `expected the workflow id ${recoveryWorkflowId(cluster)}, got ${workflowId}: the id is the cluster's lock`,
    );
  }
  const { origin } = fields;
  const request: RecoveryRequest = {
    cluster,
    requester,
    origin: origin === 'cli' || origin === 'health-check' ? origin : 'web-ui',
  };
  if (fields['node'] !== undefined) request.node = nameIn(fields, 'node');
  for (const flag of ['dryRun', 'breakGlass'] as const) {
    const value = fields[flag];
    if (value !== undefined && typeof value !== 'boolean')
      throw badRequest(`"${flag}" must be true or false`);
    if (value !== undefined) request[flag] = value;
  }
  return request;
}

function nameIn(fields: Record<string, unknown>, field: string): string {
  const value = fields[field];
  if (typeof value === 'string' && value.trim() !== '' && value.length <= 253) return value;
  throw badRequest(`"${field}" must be a name`);
}

function badRequest(what: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`${what}. Input is for example ${example}`, 'BadRequest');
}
