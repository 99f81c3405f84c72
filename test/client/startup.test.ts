import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';

const root = join(import.meta.dirname, '../..');

describe('starting cpr', () => {
  it('loads nothing heavy before a command needs it', () => {
    const { packages } = reach('client/command-line.ts', { dynamic: false });
    assert.deepEqual(
      [...packages].filter((name) => !name.startsWith('node:')),
      ['commander'],
    );
  });

  it('never loads the Kubernetes client to talk to Temporal: a third of a second, and the only way to a cluster', () => {
    const { packages, files } = reach('client/temporal/gateway.ts', { dynamic: true });
    assert.ok(packages.has('@temporalio/client'));
    assert.ok(!packages.has('@kubernetes/client-node'));
    assert.deepEqual(
      [...files].filter((file) => /^(activities|lab)\//.test(file)),
      [],
    );
  });
});

interface Reached {
  packages: Set<string>;
  files: Set<string>;
}

/** Everything that is imported from a file on, types aside. */
function reach(entry: string, { dynamic }: { dynamic: boolean }): Reached {
  const reached: Reached = { packages: new Set(), files: new Set() };
  const visit = (file: string) => {
    if (reached.files.has(file)) return;
    reached.files.add(file);
    for (const specifier of importsOf(readFileSync(join(root, file), 'utf8'), dynamic)) {
      if (specifier.startsWith('.')) visit(relative(root, join(root, dirname(file), specifier)));
      else reached.packages.add(specifier);
    }
  };
  visit(entry);
  return reached;
}

function importsOf(text: string, dynamic: boolean): string[] {
  const statements = [...text.matchAll(/^(?:import|export) (?!type\b)[^;]*?from '([^']+)';/gms)];
  const calls = dynamic ? [...text.matchAll(/\bimport\('([^']+)'\)/g)] : [];
  return [...statements, ...calls].map(([, specifier = '']) => specifier);
}
