import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { activityErrorTypes } from '../activities/contract.ts';
import { nodeScripts, scriptHashes } from '../activities/node-scripts/scripts.ts';
import { voteRefusals } from '../domain/approval.ts';
import { verificationRefusals } from '../domain/attempts.ts';
import { findingCodes } from '../domain/finding.ts';
import { kubeletClasses } from '../domain/kubelet/classes.ts';
import { rungs } from '../domain/kubelet/rung.ts';
import { interventionRefusals } from '../domain/intervention.ts';
import { signatureRefusals } from '../domain/statement.ts';
import { refusalReasons } from '../domain/verdict.ts';

function page(name: string): string {
  return readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8');
}

function headingsOf(text: string): string[] {
  return [...text.matchAll(/^## (\w+)$/gm)].map((match) => match[1] ?? '');
}

/** First cells in code style: `| \`Name\` | … |`. */
function rowsOf(text: string): string[][] {
  return [...text.matchAll(/^\| `(\w+)` \|(.*)\|$/gm)].map((match) => `${match[1]}|${match[2]}`.split('|'));
}

function assertSame(documented: string[], existing: readonly string[]): void {
  assert.deepEqual(documented.toSorted(), [...existing].toSorted());
}

test('docs/findings.md has a section for every finding, and none for one that is gone', () => {
  assertSame(headingsOf(page('findings.md')), findingCodes);
});

test('docs/refusals.md has a section for every refusal, and none for one that is gone', () => {
  assertSame(headingsOf(page('refusals.md')), refusalReasons);
});

test('the runbook’s page has the classes and the ladder as the code has them', () => {
  const text = page('runbooks/kubelet-auth-recovery.md');
  const rows = [...text.matchAll(/^\| (C\d|R\d\w?|G)\s+\| (.*?)\s*\|$/gm)].map(([, name, words]) => [
    name,
    words,
  ]);
  const several = /^C9$/;
  assert.deepEqual(
    rows.filter(([name = '']) => !several.test(name)),
    [...Object.entries(kubeletClasses), ...Object.entries(rungs)],
  );
});

const scriptsIn = (text = '') => [...text.matchAll(/`([\w-]+\.sh)`/g)].map(([, name = '']) => name);

test('docs/node-access.md says of every node script what it may touch', () => {
  const [, table = ''] = page('node-access.md').split('## What a script may touch');
  const [listed = ''] = table.split('Each change writes');
  assertSame(
    [...listed.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell]) => scriptsIn(cell)),
    nodeScripts,
  );
});

test('docs/node-access.md says how the hash of every node script is made', () => {
  const between = new Map(
    [...page('node-access.md').matchAll(/^\| (`[^|]*`) \| ((?:`[\w-]+\.sh`(?:, )?)+) \|$/gm)].flatMap(
      ([, names, parts]) => scriptsIn(names).map((name) => [name, scriptsIn(parts)] as const),
    ),
  );
  const hashes = scriptHashes();
  for (const name of nodeScripts) {
    const files = ['prelude.sh', ...(between.get(name) ?? []), name];
    const text = files.map((file) =>
      readFileSync(new URL(`../activities/node-scripts/${file}`, import.meta.url), 'utf8'),
    );
    assert.equal(createHash('sha256').update(text.join('')).digest('hex'), hashes[name], name);
  }
});

test('docs/approvals.md has a line for every refusal of a vote and of a command, and none left over', () => {
  const [votes = '', commands = ''] = page('approvals.md').split('## Steps that are blocked');
  const ofSignatures = [...signatureRefusals, ...verificationRefusals];
  assertSame(
    rowsOf(votes).map(([name]) => name ?? ''),
    [...voteRefusals, ...ofSignatures],
  );
  assertSame(
    rowsOf(commands).map(([name]) => name ?? ''),
    [...interventionRefusals, ...ofSignatures],
  );
});

test('docs/errors.md has a line for every error type, says whether it is retried, and has none left over', () => {
  const rows = rowsOf(page('errors.md'));
  assertSame(
    rows.map(([name]) => name ?? ''),
    Object.keys(activityErrorTypes),
  );
  for (const [name = '', retried = ''] of rows) {
    const type = activityErrorTypes[name as keyof typeof activityErrorTypes];
    assert.equal(retried.trim(), type.retryable ? 'yes' : 'no', name);
  }
});
