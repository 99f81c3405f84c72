import type { Command } from 'commander';
import type { Context } from './context.ts';
import type { ExitCode } from './exit-codes.ts';
import { exitCodes } from './exit-codes.ts';
import { failure, failureFrom } from './failure.ts';
import { requireKnown } from './targets.ts';

export interface BrakeOptions {
  all?: boolean;
  reason: string;
  by?: string;
  key?: string;
}

/** What became of one cluster's brake. */
export interface BrakeRow {
  cluster: string;
  /** `on`, `on already`, `unconfirmed`, `released`, `was not on`, `failed`. */
  brake: string;
  sentence: string;
  /** What a program should make of it. */
  exitCode: ExitCode;
}

/** The clusters that are meant. An empty target never means all of them: those must be asked for by name of the option. */
export async function chosenClusters(
  context: Context,
  command: 'pause' | 'resume',
  cluster: string | undefined,
  { all }: BrakeOptions,
): Promise<string[]> {
  if ((cluster === undefined) === !all) {
    throw failure('BadUsage', {
      what: all ? 'Either a cluster or --all, not both.' : 'Which cluster? None was named.',
      next: `cpr ${command} <cluster> --reason '…', or cpr ${command} --all --reason '…' for every cluster of the inventory.`,
    });
  }
  if (cluster !== undefined) {
    await requireKnown(context, cluster);
    return [cluster];
  }
  const inventory = await context.inventory();
  const known = [...(inventory?.masters.keys() ?? [])];
  if (known.length > 0) return known;
  throw failure('BadUsage', {
    what: '--all means every cluster of the inventory, and no inventory was found.',
    next: 'Name the file with --config, or the cluster.',
  });
}

/** Does it to each, whatever becomes of the others: one cluster that fails must not keep the rest from being stopped. */
export async function eachCluster(
  clusters: readonly string[],
  work: (cluster: string) => Promise<BrakeRow>,
): Promise<BrakeRow[]> {
  if (clusters.length === 1) return [await work(clusters[0]!)];
  const rows: BrakeRow[] = [];
  // In turn: where words are signed, ssh-keygen may ask for a passphrase or a touch each time.
  for (const cluster of clusters)
    rows.push(await work(cluster).catch((error: unknown) => failed(cluster, error)));
  return rows;
}

function failed(cluster: string, error: unknown): BrakeRow {
  const { code, text, exitCode } = failureFrom(error);
  if (code === 'Cancelled') throw error;
  return { cluster, brake: 'failed', sentence: text.what, exitCode };
}

/** The options of both commands but --by, whose words differ. */
export function withBrakeOptions(command: Command): Command {
  return command
    .option('--all', 'every cluster of the inventory, one by one')
    .requiredOption('--reason <text>', 'why; everybody whom it holds reads it')
    .option(
      '--key <file>',
      'where approvals are signed: private key, or .pub of one in ssh-agent (default: CPR_SIGNING_KEY, or the one in ssh-agent)',
    );
}

export function worst(rows: readonly BrakeRow[]): ExitCode {
  return rows.find(({ exitCode }) => exitCode !== exitCodes.done)?.exitCode ?? exitCodes.done;
}
