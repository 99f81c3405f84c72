import type { StepState } from '../../domain/run.ts';

/** One phase of a run, in milliseconds. */
export interface Share {
  phase: string;
  run: number;
  /** Of that what etcd, the operator or the kubelet needed, whoever asks them. */
  others: number;
  own: number;
  /** The same act by a script that asks and checks nothing, where there is one. */
  bare?: number;
}

/** What a witness saw; each in ms since 1970, undefined: it never was so. */
export interface Seen {
  /** The first moment after `since` at which the member was a voter that answers with a quorum. */
  voterAt: (since: number) => number | undefined;
  /** From then on, and to the end, all members were such voters and the operator had settled. */
  wholeAt: () => number | undefined;
}

export interface RunTimes {
  /** When the vote counted, and when the run had ended; ms since 1970. */
  voted: number;
  ended: number;
  steps: Pick<StepState, 'id' | 'startedAt' | 'endedAt'>[];
}

/**
 * Splits a run from its vote to its end. Of an act the others' share is what the script's own took; of a wait it goes until the
 * witness saw what was waited for. The soak, in which nothing is done by anybody, stands by itself, and is nobody's share.
 */
export function sharesOf(
  { voted, ended, steps }: RunTimes,
  bare: ReadonlyMap<string, number>,
  { seen, soakMs }: { seen: Seen; soakMs: number },
): Share[] {
  let last = voted;
  let between = 0;
  const rows: Share[] = [];
  for (const { id, startedAt = '', endedAt = '' } of steps) {
    const [began, done] = [Date.parse(startedAt), Date.parse(endedAt)];
    if (rows.length === 0) rows.push(mine('vote to the first step', began - last));
    else between += began - last;
    last = done;
    rows.push(...rowsOf({ id, began, done }, bare, { seen, soakMs }));
  }
  return [...rows, mine('between the steps, and the end', between + ended - last)];
}

function rowsOf(
  { id, began, done }: { id: string; began: number; done: number },
  bare: ReadonlyMap<string, number>,
  { seen, soakMs }: { seen: Seen; soakMs: number },
): Share[] {
  const run = done - began;
  const script = bare.get(id);
  const row = (others: number, whole = run): Share => {
    const theirs = Math.min(Math.max(0, others), whole);
    const share = { phase: id, run: whole, others: theirs, own: whole - theirs };
    return script === undefined ? share : { ...share, bare: script };
  };
  if (id === 'await-voter') return [row((seen.voterAt(began) ?? Number.NaN) - began)];
  if (id !== 'verify') return [row(script ?? 0)];
  const soak = { phase: 'soak, as the policy says', run: soakMs, others: 0, own: 0 };
  return [row((seen.wholeAt() ?? Number.NaN) - began, run - soakMs), soak];
}

function mine(phase: string, run: number): Share {
  return { phase, run, others: 0, own: run };
}
