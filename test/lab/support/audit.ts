import type { AuditEvent, Lab } from '../../../lab/lab.ts';
import { CPR_USER } from '../../../lab/cluster/identity.ts';

const reads = ['get', 'list', 'watch'];
/** Asking what oneself may do is a "create" and changes nothing. */
const questions = ['selfsubjectaccessreviews', 'selfsubjectrulesreviews', 'selfsubjectreviews'];

/** What cpr's own identity has written since then, in the words of the API servers' audit logs. */
export async function writesByCpr(lab: Lab, since: string): Promise<string[]> {
  const events = await lab.auditEvents({ user: CPR_USER, since });
  return events
    .filter(({ verb, resource }) => !reads.includes(verb) && !questions.includes(resource))
    .map(sentence);
}

/** Has cpr spoken to the API at all? Else "no write" would prove nothing. */
export async function requestsByCpr(lab: Lab, since: string): Promise<number> {
  return (await lab.auditEvents({ user: CPR_USER, since })).length;
}

function sentence({ verb, resource, subresource, code }: AuditEvent): string {
  return `${verb} ${subresource ? `${resource}/${subresource}` : resource}: ${code}`;
}
