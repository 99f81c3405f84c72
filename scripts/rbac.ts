import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withOwnNames } from './rbac/own-names.ts';

const usage =
  'node scripts/rbac.ts --masters NAME,… [--machine-health-checks NAME,…] [--node-health-checks NAME,…] > rbac.yaml';
const option = { type: 'string', default: '' } as const;
const directory = join(import.meta.dirname, '../deploy/rbac');

function namesIn(list: string): string[] {
  return list.split(',').filter((name) => name !== '');
}

/** Prints the roles of deploy/rbac/ with a cluster's own names, ready for `kubectl apply -f`. */
try {
  const { values } = parseArgs({
    options: { masters: option, 'machine-health-checks': option, 'node-health-checks': option },
  });
  const files = readdirSync(directory).filter((file) => file.endsWith('.yaml'));
  const manifests = files.toSorted().map((file) => readFileSync(join(directory, file), 'utf8'));
  process.stdout.write(
    withOwnNames(manifests, {
      masters: namesIn(values.masters),
      machineHealthChecks: namesIn(values['machine-health-checks']),
      nodeHealthChecks: namesIn(values['node-health-checks']),
    }),
  );
} catch (error) {
  console.error(`${(error as Error).message}\n${usage}`);
  process.exitCode = 2;
}
