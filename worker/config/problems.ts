import { isMap, isScalar, type Document, type LineCounter } from 'yaml';
import type { z } from 'zod';
import { didYouMean } from './did-you-mean.ts';
import { inventorySchema } from './schema.ts';
import { keysAt } from './schema-keys.ts';

/** One thing that is wrong with the inventory, said so that it can be put right without reading the manual. */
export interface Problem {
  line: number;
  /** `clusters.prod-eu-1.masters.master-1.address` */
  path: string;
  /** `expected an IP address, got 'foo'` */
  sentence: string;
}

/** The inventory cannot be used. `problems` is empty when the file could not even be read. */
export interface InventoryError extends Error {
  name: 'InventoryError';
  file: string;
  problems: Problem[];
}

export function inventoryError(file: string, problems: Problem[], message?: string): InventoryError {
  const lines = problems.map(
    ({ line, path, sentence }) => `${file}:${line}: ${path}${path && ': '}${sentence}`,
  );
  return Object.assign(new Error(message ?? lines.join('\n')), {
    name: 'InventoryError' as const,
    file,
    problems,
  });
}

export function isInventoryError(error: unknown): error is InventoryError {
  return error instanceof Error && error.name === 'InventoryError';
}

/** All issues of one file in the order of its lines: whoever fixes one sees the others at once. */
export function describeIssues(error: z.ZodError, document: Document, lines: LineCounter): Problem[] {
  return error.issues
    .flatMap((issue) => describeIssue(issue, document))
    .map(({ at, sentence }) => ({ line: lineOf(document, lines, at), path: at.join('.'), sentence }))
    .sort((a, b) => a.line - b.line);
}

interface Described {
  at: string[];
  sentence: string;
}

function describeIssue(issue: z.core.$ZodIssue, document: Document): Described[] {
  const at = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(at, key));
  if (issue.code === 'invalid_key') {
    return [{ at, sentence: `${issue.issues[0]?.message ?? 'expected a name'}, got '${at.at(-1)}'` }];
  }
  const expected =
    issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')
      ? `expected ${issue.expected === 'object' || issue.expected === 'record' ? 'a map of keys' : issue.expected}`
      : issue.message;
  return [{ at, sentence: `${expected}, ${found(document, at)}` }];
}

function unknownKey(parent: string[], key: string): Described {
  const known = keysAt(inventorySchema, parent);
  const near = didYouMean(key, known);
  const advice = near === undefined ? `expected one of ${known.join(', ')}` : `did you mean '${near}'?`;
  return { at: [...parent, key], sentence: `unknown key; ${advice}` };
}

function found(document: Document, path: string[]): string {
  const value: unknown = path.length === 0 ? document.toJS() : document.getIn(path);
  if (value === undefined) return 'but the key is missing';
  if (value === null) return 'but it is empty';
  if (typeof value === 'object') return 'got a map or a list';
  return `got '${shorten(typeof value === 'string' ? value : JSON.stringify(value))}'`;
}

/** Someone will paste a token into the wrong line: an error message must not carry it into a log. */
function shorten(value: string): string {
  return value.length <= 64 ? value : `${value.slice(0, 24)}…' (${value.length} characters) '`;
}

/** Where the path, or the deepest part of it that is written, stands in the file. */
function lineOf(document: Document, lines: LineCounter, path: string[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const segment of path) {
    if (!isMap(node)) break;
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === segment);
    if (pair === undefined) break;
    if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
    node = pair.value;
  }
  return lines.linePos(offset).line || 1;
}
