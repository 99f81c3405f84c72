import type { CommandEnd, CommandLimits } from './bounded-command.ts';
import { masterOf, type ClusterConnection } from './cluster.ts';
import type { WhereNow } from './where-now.ts';

/** Where a master may be dialled, and where one that has moved was found. */
export interface Places {
  /** Where it was found last, else as the inventory says. Throws `UnknownNode`. */
  first(node: string): string;
  /** All others, in the order in which they are worth a try. */
  others(node: string, signal: AbortSignal | undefined): AsyncIterable<string>;
  /** It was found there. */
  note(node: string, address: string): void;
}

export function placesOf(
  cluster: ClusterConnection,
  { whereNow, moved = found }: { whereNow?: WhereNow; moved?: Map<string, string> },
): Places {
  const keyOf = (node: string) =>
    JSON.stringify([cluster.name, cluster.api.kubeconfig, node, masterOf(cluster, node).address]);
  const first = (node: string) => moved.get(keyOf(node)) ?? masterOf(cluster, node).address;
  return {
    first,
    async *others(node, signal) {
      const tried = new Set([first(node)]);
      const { address } = masterOf(cluster, node);
      if (!tried.has(address)) yield address;
      tried.add(address);
      for (const next of (await whereNow?.(node, signal)) ?? []) if (!tried.has(next)) yield next;
    },
    note(node, address) {
      if (address === masterOf(cluster, node).address) moved.delete(keyOf(node));
      else moved.set(keyOf(node), address);
    },
  };
}

/** Of this process: the next script need not wait for nobody to answer. */
const found = new Map<string, string>();

type CarryTo = (address: string, limits: CommandLimits) => Promise<CommandEnd>;

/**
 * Carries a script to the first place where somebody lets it begin. Once it has begun it is nowhere else repeated, whatever
 * becomes of it. When nobody does, the end is that of the first place, with what was said at the others.
 */
export async function carryToFirst(
  places: Places,
  { node, limits }: { node: string; limits: CommandLimits },
  carryTo: CarryTo,
): Promise<CommandEnd> {
  const attempt = async (address: string) => {
    const { end, begun } = await watched(address, limits, carryTo);
    if (begun) places.note(node, address);
    return { end, begun };
  };
  const first = await attempt(places.first(node));
  if (first.begun || !isNobodyThere(first.end)) return first.end;
  const { end } = first;
  const said = [end.stderr.trim()];
  for await (const address of places.others(node, limits.signal)) {
    const other = await attempt(address);
    if (other.begun) return other.end;
    said.push(`at ${address}: ${other.end.stderr.trim().split('\n').at(-1) ?? other.end.cut ?? 'nobody'}`);
  }
  return { ...end, stderr: said.filter((each) => each !== '').join('; ') };
}

/** A script says that it has begun before it does anything. */
async function watched(
  address: string,
  limits: CommandLimits,
  carryTo: CarryTo,
): Promise<{ end: CommandEnd; begun: boolean }> {
  const { take } = limits;
  let taken = false;
  const end = await carryTo(address, {
    ...limits,
    ...(take && {
      take: (chunk: Buffer) => {
        taken = true;
        return take(chunk);
      },
    }),
  });
  return { end, begun: taken || /^@@cpr-begin /m.test(end.stdout) };
}

/** 255 is ssh's own word for "I could not". What answers otherwise, as a refused sudo does, is the machine that was meant. */
function isNobodyThere({ code, cut }: CommandEnd): boolean {
  return code === 255 || cut !== undefined;
}
