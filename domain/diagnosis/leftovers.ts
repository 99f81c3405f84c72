import type { MasterObservation, Observation } from '../control-plane.ts';
import type { Finding } from '../finding.ts';
import { factOfKept } from '../etcd/kept.ts';
import { factsOf, leftoversOn, type Leftovers } from '../kubelet/leftovers.ts';
import { bootstrapPath } from '../kubelet/names.ts';
import { factOfLease, leftLeases } from '../lease-left.ts';
import { factOfPause, leftPauses } from '../pause-left.ts';
import type { Reading } from '../reading.ts';
import type { Evidence } from '../verdict.ts';
import { pageOf } from './page.ts';

/** What goes on now, as Temporal says. */
export interface OpenWork {
  /** Ids, on the nodes, of the recoveries that are open. */
  runs: string[];
  /** The watchdog of the cluster's lease is open. */
  leaseWatched: boolean;
}

/**
 * What runs that were terminated have left behind. Where it is not known what is `open`, what is seen may be the work of a
 * run that goes on, and is only told.
 */
export function leftoverFindings(observation: Observation, open: Reading<OpenWork>): Finding[] {
  const onNodes = observation.masters.flatMap((master) => {
    if (!master.kubelet.known) return [];
    const left = leftoversOn(master.kubelet.value, open.known ? open.value.runs : []);
    const found = [unfinished(master, left), temporaryCredential(master, left), keptOfEtcd(master, left)];
    return found.filter((finding) => finding !== undefined);
  });
  const found = [...leaseFindings(observation, open), ...pauseFindings(observation, open), ...onNodes];
  return found.map((finding) => asKnown(finding, open));
}

/** Nobody is asked to resume what a run that goes on has paused. */
function pauseFindings({ cluster, platform }: Observation, open: Reading<OpenWork>): Finding[] {
  const { remediators } = platform;
  if (!remediators.known) return [];
  const left = leftPauses(remediators.value, open.known ? open.value.runs : []);
  if (left.length === 0) return [];
  return [
    {
      code: 'RemediatorLeftPaused',
      severity: 'warning',
      sentence: `A run has left paused what watches over the health of the nodes, and does not go on to resume it.`,
      evidence: told(left.map(factOfPause), remediators.source),
      remedy: { runbook: 'Cleanup', target: cluster },
    },
  ];
}

/** A lease that its watchdog watches over ends by itself; both it and the run have to be terminated for one to be left. */
function leaseFindings({ cluster, lentSettings }: Observation, open: Reading<OpenWork>): Finding[] {
  const { held, changed } = leftLeases(lentSettings, open.known && open.value.leaseWatched);
  const code = 'OverrideLeaseLeft';
  return [
    ...held.map(({ lease, source }): Finding => ({
      code,
      severity: 'warning',
      sentence: `The setting ${lease.target} is still as a run had lent it, and no watchdog is open that would put it back.`,
      evidence: told([factOfLease(lease)], source),
      remedy: { runbook: 'Cleanup', target: cluster },
    })),
    ...changed.map(({ target, facts, source }): Finding => ({
      code,
      severity: 'warning',
      sentence: `The setting ${target} bears the note of a lease and is not as that lease left it, so nobody but a person may undo it.`,
      evidence: told(facts, source),
      remedy: pageOf(code),
    })),
  ];
}

function unfinished(
  { name, kubelet }: MasterObservation,
  { runs, lockHeld }: Leftovers,
): Finding | undefined {
  if (runs.length === 0 && !lockHeld) return undefined;
  const facts = runs.flatMap(factsOf);
  if (lockHeld) facts.push('a script of ours holds the lock of this node, though no recovery is open');
  const one = runs.length === 1;
  return {
    code: 'UnfinishedRecoveryOnNode',
    severity: 'warning',
    node: name,
    sentence:
      runs.length === 0
        ? `A script of ours is at work on ${name}, or hangs there, though no recovery is open.`
        : `${one ? 'A run' : `${runs.length} runs`} ended on ${name} without finishing, and what ${one ? 'it' : 'they'} left is still there.`,
    evidence: told(facts, kubelet.source),
    remedy: runs.length === 0 ? pageOf('UnfinishedRecoveryOnNode') : { runbook: 'Cleanup', target: name },
  };
}

function temporaryCredential(
  { name, kubelet }: MasterObservation,
  { credential }: Leftovers,
): Finding | undefined {
  if (!credential || !kubelet.known) return undefined;
  const { by } = credential;
  const { tokenExpiresAt } = kubelet.value.bootstrap;
  return {
    code: 'TemporaryCredentialLeft',
    severity: 'warning',
    node: name,
    sentence: `The bootstrap credential on ${name} expires: after that the node cannot get a certificate by itself.`,
    evidence: told(
      [
        `${bootstrapPath}: token that expires ${tokenExpiresAt ?? 'some time'}`,
        by ? `put there by run ${by.runId}` : 'no run of ours says that it put it there',
      ],
      kubelet.source,
    ),
    // One that a person has put there is that person's business.
    remedy: by ? { runbook: 'Cleanup', target: name } : pageOf('TemporaryCredentialLeft'),
  };
}

/** Kept on purpose, and deleted by nobody but a person: but who has no report of that run would not know of it. */
function keptOfEtcd({ name, kubelet }: MasterObservation, { etcd }: Leftovers): Finding | undefined {
  if (!kubelet.known || etcd.length === 0) return undefined;
  const out = etcd.find(({ manifestOut }) => manifestOut);
  return {
    code: 'EtcdDataKept',
    severity: out ? 'warning' : 'info',
    node: name,
    sentence: out
      ? `A run that is over has stopped etcd on ${name}: its manifest lies in quarantine, and none is in its place.`
      : `What recoveries of etcd have kept on ${name} still lies there: every Secret of the cluster is in it.`,
    evidence: told(
      etcd.map((kept) => factOfKept(kept, kubelet.value.nodeTime)),
      kubelet.source,
    ),
    remedy: pageOf('EtcdDataKept'),
  };
}

function asKnown(finding: Finding, open: Reading<OpenWork>): Finding {
  if (open.known) return finding;
  const fact = `whether the run is still open could not be asked: ${open.why}`;
  return {
    ...finding,
    severity: 'info',
    evidence: [...finding.evidence, { fact, source: open.source }],
    remedy: pageOf(finding.code),
  };
}

function told(facts: string[], source: string): Evidence[] {
  return facts.map((fact) => ({ fact, source }));
}
