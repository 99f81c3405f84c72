import type { Connection } from '@temporalio/client';
import { searchAttributeNames } from '../domain/search-attributes.ts';

/** `INDEXED_VALUE_TYPE_KEYWORD` of temporal.api.enums.v1. */
const keyword = 2;

/** The part of a connection (the client's or the worker's) that this needs. */
export interface OperatorConnection {
  operatorService: Pick<Connection['operatorService'], 'listSearchAttributes' | 'addSearchAttributes'>;
}

/**
 * Registers the search attributes that are missing and returns their names. Safe to call by many at once. Without
 * them the first upsert of a run fails its workflow task for ever, and a person sees a run that merely stands still.
 */
export async function registerSearchAttributes(
  connection: OperatorConnection,
  namespace: string,
): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = searchAttributeNames.filter((name) => customAttributes[name] === undefined);
  if (missing.length === 0) return [];
  const searchAttributes = Object.fromEntries(missing.map((name) => [name, keyword]));
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  return missing;
}
