import { stringify } from 'yaml';
import { configKinds } from './config.ts';
import { machineKinds } from './machine.ts';
import { operatorKinds } from './operator.ts';
import { definition, type Kind } from './schema.ts';

/** The kinds of the platform that a recovery reads or writes, with the fields that it may meet. */
export const kinds: readonly Kind[] = [...operatorKinds, ...configKinds, ...machineKinds];

/** Their definitions as YAML for `kubectl apply`. */
export function definitions(): string {
  return kinds.map((kind) => `---\n${stringify(definition(kind))}`).join('');
}
