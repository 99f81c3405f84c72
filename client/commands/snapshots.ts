import type { Command } from 'commander';
import type { CopyCheck, StoredCopy } from '../../worker/snapshots.ts';
import type { Context } from '../context.ts';
import { examples, type Act, type Declare } from '../declare.ts';
import { exitCodes } from '../exit-codes.ts';
import { failure } from '../failure.ts';
import { tell } from '../output.ts';
import { oneLine, table, WIDE } from '../render/text.ts';
import { requireKnown } from '../targets.ts';

/** Works on the files where they lie, so on the worker's host: no Temporal, no cluster. */
export const declareSnapshots: Declare = (parent, act) => {
  const snapshots = parent
    .command('snapshots')
    .summary("the encrypted copies of etcd's snapshots")
    .description(
      "Before a member of etcd is replaced, a snapshot is copied to the worker's host, encrypted to the key in the inventory. These commands work on that directory, on that host.",
    );
  declareList(snapshots, act);
  declareVerify(snapshots, act);
  declareDecrypt(snapshots, act);
};

function declareList(snapshots: Command, act: Act): void {
  snapshots
    .command('list')
    .summary('which copies there are, newest first')
    .description('Lists the copies of a cluster, newest first, as their records say; opens none of them.')
    .argument('<cluster>', 'cluster of the inventory')
    .addHelpText('after', examples(['cpr snapshots list prod-eu-1', 'newest first']))
    .action(
      act(async (context, cluster: string) => {
        const copies = await copiesOf(context, cluster);
        const data = copies.map(({ path, record }) => ({ path, ...record }));
        await tell(context, { data, text: () => renderCopies(cluster, copies) });
        return exitCodes.done;
      }),
    );
}

function declareVerify(snapshots: Command, act: Act): void {
  snapshots
    .command('verify')
    .summary('are they what was verified on the node?')
    .description(
      'Compares every copy of a cluster with its record. With the private key each is opened, to nowhere, and the snapshot in it is checked: size, SHA-256, integrity trailer. Exit code 3 when one is not what it should be.',
    )
    .argument('<cluster>', 'cluster of the inventory')
    .option('--identity <file>', 'file with the private key, as age-keygen writes it')
    .addHelpText(
      'after',
      examples(
        ['cpr snapshots verify prod-eu-1', 'from outside, without the key'],
        ['cpr snapshots verify prod-eu-1 --identity identity.txt', 'down to the snapshot itself'],
      ),
    )
    .action(
      act(async (context, cluster: string, { identity }: { identity?: string }) => {
        const { checkCopy } = await import('../../worker/snapshots.ts');
        const keys = identity === undefined ? [] : await keysIn(identity);
        const copies = await someCopies(context, cluster);
        const checks: ({ path: string } & CopyCheck)[] = [];
        for (const copy of copies) checks.push({ path: copy.path, ...(await checkCopy(copy, keys)) });
        await tell(context, { data: checks, text: () => checks.map(renderCheck).join('\n') });
        return checks.every(({ faults }) => faults.length === 0) ? exitCodes.done : exitCodes.findings;
      }),
    );
}

function declareDecrypt(snapshots: Command, act: Act): void {
  snapshots
    .command('decrypt')
    .summary('open one, for a restore')
    .description(
      'Writes the snapshot in a copy to a new file, for root alone, after it was checked. It holds every Secret of the cluster. Never overwrites a file.',
    )
    .argument('<cluster>', 'cluster of the inventory')
    .requiredOption('--identity <file>', 'file with the private key, as age-keygen writes it')
    .requiredOption('--out <file>', 'the file to write; it must not exist')
    .option('--run <id>', 'the copy of this run (default: the newest)')
    .addHelpText(
      'after',
      examples([
        'cpr snapshots decrypt prod-eu-1 --identity identity.txt --out snapshot.db',
        'the newest; `etcdutl snapshot restore` reads it',
      ]),
    )
    .action(
      act(async (context, cluster: string, options: { identity: string; out: string; run?: string }) => {
        const { decryptCopy } = await import('../../worker/snapshots.ts');
        const keys = await keysIn(options.identity);
        const copy = await chosenCopy(context, cluster, options.run);
        await decryptCopy(copy, keys, options.out).catch((error: Error) => {
          throw failure('SnapshotUnusable', {
            what: `${copy.path} was not decrypted: ${oneLine(error.message)}`,
            next: `\`cpr snapshots verify ${cluster}\` says which copies are whole.`,
          });
        });
        const { record, path } = copy;
        const text = () =>
          `${options.out}: the snapshot of revision ${record.revision}, taken ${record.time} on ${record.node}`;
        await tell(context, { data: { out: options.out, path, ...record }, text });
        return exitCodes.done;
      }),
    );
}

async function keysIn(file: string): Promise<string[]> {
  const { readIdentities } = await import('../../worker/snapshots.ts');
  return await readIdentities(file).catch((error: Error) => {
    throw failure('BadUsage', { what: `--identity: ${oneLine(error.message)}` });
  });
}

async function copiesOf(context: Context, cluster: string): Promise<StoredCopy[]> {
  await requireKnown(context, cluster);
  const { readSnapshotPlace } = await import('../known-clusters.ts');
  const place = await readSnapshotPlace(context.options.config, cluster, context.io.env);
  if (place === undefined) {
    throw failure('BadConfiguration', {
      what: `The inventory names no place for snapshots of ${cluster}.`,
      next: 'docs/configuration.md says how: `snapshots: { directory, recipient }`.',
    });
  }
  const { listCopies } = await import('../../worker/snapshots.ts');
  return await listCopies(place, cluster);
}

async function someCopies(context: Context, cluster: string): Promise<StoredCopy[]> {
  const copies = await copiesOf(context, cluster);
  if (copies.length === 0) throw noSnapshot(cluster);
  return copies;
}

async function chosenCopy(context: Context, cluster: string, run: string | undefined): Promise<StoredCopy> {
  const copies = await someCopies(context, cluster);
  const chosen = run === undefined ? copies[0] : copies.find(({ record }) => record.run === run);
  if (!chosen) throw noSnapshot(cluster, run);
  return chosen;
}

function noSnapshot(cluster: string, run?: string): Error {
  const which = run === undefined ? '' : ` of run ${run}`;
  return failure('NoSnapshot', {
    what: `There is no copy of a snapshot of ${cluster}${which} here.`,
    next: `\`cpr snapshots list ${cluster}\`, on the host of the worker that made it.`,
  });
}

function renderCopies(cluster: string, copies: StoredCopy[]): string {
  if (copies.length === 0) return `There is no copy of a snapshot of ${cluster} here.`;
  const rows = copies.map(({ path, record }) => [
    record.time,
    String(record.revision),
    `${(record.bytes / 1_048_576).toFixed(1)} MiB`,
    record.node,
    record.run,
    path,
  ]);
  return table(['TAKEN', 'REVISION', 'SIZE', 'NODE', 'RUN', 'FILE'], rows, WIDE);
}

function renderCheck({ path, opened, faults }: { path: string; opened: boolean; faults: string[] }): string {
  if (faults.length > 0) return `✗ ${path}: ${oneLine(faults.join('; '))}`;
  const how = opened ? 'opened: the snapshot in it is whole' : 'as its record says; not opened';
  return `✓ ${path}: ${how}`;
}
