import type { BootstrapFile, KeptOfEtcd, KubeletEvidence, RunOnNode } from '../control-plane.ts';
import { backupDirectory, bootstrapRequester } from './names.ts';

/**
 * What runs that are over have left on a node without having said how they ended: somebody terminated them. A directory that
 * says how is a backup, and no leftover.
 */
export interface Leftovers {
  runs: RunOnNode[];
  /** A token that expires is in the bootstrap file: the node cannot help itself the next time. `by` is the run that put it there. */
  credential?: { by?: RunOnNode };
  /** A script of ours is at work on the node, or hangs. */
  lockHeld: boolean;
  /** What recoveries of etcd keep there, and what one that was killed was writing. */
  etcd: KeptOfEtcd[];
}

/** `open`: ids of the runs that go on now; what is theirs is not left. */
export function leftoversOn(kubelet: KubeletEvidence, open: readonly string[]): Leftovers {
  const { traces, bootstrap } = kubelet;
  const by = traces.runs.find(({ holdsBootstrap }) => holdsBootstrap);
  const isTheirs = by !== undefined && open.includes(by.runId);
  return {
    runs: traces.runs.filter((run) => !open.includes(run.runId) && isLeft(run, kubelet)),
    ...(isTemporary(bootstrap) && !isTheirs ? { credential: by ? { by } : {} } : {}),
    lockHeld: traces.lockHeld && open.length === 0,
    etcd: (traces.etcd ?? []).filter(({ runId }) => !open.includes(runId)),
  };
}

/** The bootstrap credential that a recovery mints: a token of node-bootstrapper with an end, whether or not that has come. */
export function isTemporary({ tokenSubject, tokenExpiresAt }: BootstrapFile): boolean {
  return tokenSubject === bootstrapRequester && tokenExpiresAt !== undefined;
}

function isLeft(run: RunOnNode, { temporaryCredentials }: KubeletEvidence): boolean {
  const inside = `${backupDirectory(run.runId)}/`;
  return (
    (run.hasDirectory && run.concluded === undefined) ||
    run.halfWritten.length > 0 ||
    temporaryCredentials.some((path) => path.startsWith(inside))
  );
}

/** One line each, for people. */
export function factsOf(run: RunOnNode): string[] {
  const { runId, hasDirectory, concluded, restarts, quarantined, halfWritten } = run;
  const directory = backupDirectory(runId);
  const state = concluded === undefined ? 'does not say how its run ended' : `its run was ${concluded}`;
  const more = [
    restarts === 0 ? 'it had not restarted the kubelet' : `it had restarted the kubelet ${times(restarts)}`,
    ...(quarantined === 0 ? [] : [`${quarantined} files moved aside are in ${directory}/quarantine`]),
  ];
  return [
    ...(hasDirectory ? [`${directory}: ${state}; ${more.join('; ')}`] : []),
    ...halfWritten.map((path) => `${path}: half-written by run ${runId}`),
  ];
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
