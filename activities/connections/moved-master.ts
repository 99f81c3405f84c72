import type { CommandEnd, CommandLimits } from './bounded-command.ts';
import { masterOf, type ClusterConnection } from './cluster.ts';
import type { WhereNow } from './where-now.ts';

/** Where a master may be dialled, and where one that has moved was found. */
export interface Places {
  /** Where it was found last, else as the inventory says. Throws `UnknownNode`. */
  first(node: string): string;
  /** All but `tried`, in the order in which they are worth a try. */
  others(node: string, tried: string, signal: AbortSignal | undefined): AsyncIterable<string>;
  /** It was found there, or it was not, or not any more. */
  note(node: string, address: string, isThere: boolean): void;
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
    async *others(node, tried, signal) {
      const { address } = masterOf(cluster, node);
      if (address !== tried) yield address;
      const known = [tried, address];
      for (const next of (await whereNow?.(node, signal)) ?? []) if (!known.includes(next)) yield next;
    },
    note(node, address, isThere) {
      if (isThere && address !== masterOf(cluster, node).address) moved.set(keyOf(node), address);
      else if (isThere || moved.get(keyOf(node)) === address) moved.delete(keyOf(node));
    },
  };
}

/** Of this process: the next script need not wait for nobody to answer. */
const found = new Map<string, string>();

type CarryTo = (address: string, limits: CommandLimits) => Promise<CommandEnd>;

/**
 * Carries a script to the first place where the machine that is meant lets it begin. Once it has begun there it is nowhere else
 * repeated, whatever becomes of it. When none does, the end is that of the first place, with what was said at the others. All
 * of it together takes no longer than one script may.
 */
export async function carryToFirst(
  places: Places,
  { node, limits }: { node: string; limits: CommandLimits },
  carryTo: CarryTo,
): Promise<CommandEnd> {
  const until = Date.now() + limits.timeoutMs;
  const attempt = async (address: string) => {
    const timeoutMs = Math.max(until - Date.now(), 1);
    const { end, begun } = await watched(address, { ...limits, timeoutMs }, carryTo);
    const isThere = begun && !isStranger(end);
    if (begun || isNobodyThere(end)) places.note(node, address, isThere);
    return { end, isThere, isElsewhere: !isThere && (begun || isNobodyThere(end)) };
  };
  const place = places.first(node);
  const first = await attempt(place);
  if (!first.isElsewhere) return first.end;
  const { end } = first;
  const said = [end.stderr.trim()];
  for await (const address of places.others(node, place, limits.signal)) {
    if (Date.now() >= until) break;
    const other = await attempt(address);
    if (other.isThere) return other.end;
    said.push(`at ${address}: ${lastWord(other.end)}`);
  }
  return { ...end, stderr: said.filter((each) => each !== '').join('; ') };
}

function lastWord(end: CommandEnd): string {
  if (isStranger(end)) return 'another machine';
  const said = end.stderr.trim().split('\n').at(-1) ?? '';
  return said === '' ? (end.cut ?? 'nobody') : said;
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

/** `expect_node` has found another name, and nothing was read or changed: an address that another machine has got meanwhile. */
function isStranger({ stdout }: CommandEnd): boolean {
  const [, encoded = ''] = /^@@cpr-result \S+ \S+ \S+ precondition (\S*)\r?$/m.exec(stdout) ?? [];
  return Buffer.from(encoded, 'base64')
    .toString('utf8')
    .startsWith("error=the machine at this address calls itself '");
}
