import type { KeptOfEtcd, RunOnNode, Traces } from '../../domain/control-plane.ts';
import { redact, verbatim } from '../redact.ts';
import type { Values } from './values.ts';

/** A node with more has another problem: nobody reads on. */
const runsAtMost = 200;

/** What `observe-kubelet.sh` says about runs of ours. Pure; throws when it does not say it: then nothing is known to be absent. */
export function parseTraces(values: Values): Traces {
  const said = (key: string) => {
    const value = values[key];
    if (value === undefined) throw new Error(`the node script said nothing about ${key}`);
    return value;
  };
  const runs = new Map<string, RunOnNode>();
  for (const line of rowsOf(said('runs'))) {
    const run = parseRun(line);
    runs.set(run.runId, run);
  }
  for (const [name = '', path = ''] of rowsOf(said('halfWritten'))) {
    const runId = verbatim(name, 63);
    const run = runs.get(runId) ?? { ...nothingOf(runId) };
    run.halfWritten.push(redact(path, 300));
    runs.set(runId, run);
  }
  const etcd = rowsOf(said('etcdKept')).map(parseKept);
  return {
    runs: [...runs.values()],
    lockHeld: said('lockHeld') !== 'no',
    ...(etcd.length === 0 ? {} : { etcd }),
  };
}

function parseKept([kind, name = '', path = '', bytes = '', changed = '', manifest]: string[]): KeptOfEtcd {
  if (kind !== 'quarantine' && kind !== 'snapshot')
    throw new Error(`etcdKept: '${redact(kind ?? '', 40)}' is nothing that is known`);
  if (!/^\d{1,15}$/.test(bytes) || !/^\d{1,12}$/.test(changed))
    throw new Error(`etcdKept: expected numbers, got '${redact(`${bytes} ${changed}`, 60)}'`);
  return {
    kind,
    runId: verbatim(name, 63),
    path: redact(path, 300),
    bytes: Number(bytes),
    changedAt: new Date(Number(changed) * 1000).toISOString(),
    ...(manifest === 'out' ? { manifestOut: true } : {}),
  };
}

function parseRun([
  name = '',
  word = '',
  aborted,
  holdsBootstrap,
  restarts,
  quarantined,
]: string[]): RunOnNode {
  return {
    ...nothingOf(verbatim(name, 63)),
    hasDirectory: true,
    ...(word === '' ? {} : { concluded: redact(word, 40) }),
    aborted: aborted === 'yes',
    holdsBootstrap: holdsBootstrap === 'yes',
    restarts: count(restarts),
    quarantined: count(quarantined),
  };
}

function nothingOf(runId: string): RunOnNode {
  return {
    runId,
    hasDirectory: false,
    aborted: false,
    holdsBootstrap: false,
    restarts: 0,
    quarantined: 0,
    halfWritten: [],
  };
}

function rowsOf(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line !== '');
  if (lines.length > runsAtMost) throw new Error(`more than ${runsAtMost} traces of runs`);
  return lines.map((line) => line.split('\t'));
}

function count(text = ''): number {
  if (!/^\d{1,6}$/.test(text)) throw new Error(`runs: expected a number, got '${redact(text, 40)}'`);
  return Number(text);
}
