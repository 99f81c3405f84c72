import type { RunOnNode } from '../control-plane.ts';
import {
  backupDirectory,
  bootstrapNamespace,
  bootstrapPath,
  bootstrapRequester,
  bootstrapSecretName,
} from '../kubelet/names.ts';
import type { CleanupPins, CleanupPlan, LeftBootstrap, PlanStep } from '../plan.ts';

export interface CleanupInput {
  cluster: string;
  node: string;
  because: string;
  runs: RunOnNode[];
  pins: CleanupPins;
}

/** The node scripts that a plan rests on. */
export const cleanupScripts = [
  'observe-kubelet.sh',
  'read-bootstrap.sh',
  'install-bootstrap.sh',
  'restore-kubelet.sh',
  'conclude-run.sh',
];

/** One step for each leftover: a person may skip any of them. The credential first: no run is over while its token is in place. */
export function planCleanup(input: CleanupInput): CleanupPlan {
  const { cluster, node, because, runs, pins } = input;
  const conclusions = runs.map((run) => concludeStep(input, run));
  return {
    runbook: 'Cleanup',
    cluster,
    target: node,
    because,
    steps: [
      ...(pins.bootstrap ? [credentialStep(input, pins.bootstrap)] : []),
      ...conclusions,
      verifyStep(input),
    ],
    proof: [
      `the kubelet on ${node} is as healthy as before`,
      'every directory of a run that is over says how it ended',
      'no temporary credential and no half-written file of ours is left',
    ],
    residualRisk: runs
      .filter(({ hasDirectory }) => hasDirectory)
      .map(({ runId }) => `The backup ${backupDirectory(runId)} stays on ${node} until a person deletes it.`),
    pins,
  };
}

const concludePrefix = 'conclude-';

export function concludeStepId(runId: string): string {
  return `${concludePrefix}${runId}`;
}

/** The run that such a step is about, or undefined. */
export function runOfStep(stepId: string): string | undefined {
  return stepId.startsWith(concludePrefix) ? stepId.slice(concludePrefix.length) : undefined;
}

function credentialStep({ node, pins }: CleanupInput, left: LeftBootstrap): PlanStep {
  const { runId, aborted, server, caSha256 } = left;
  const durable = `token of the secret ${bootstrapNamespace}/${bootstrapSecretName}, which does not expire, server ${server}, CA SHA-256 ${caSha256}`;
  return {
    id: 'bootstrap',
    sentence: aborted
      ? `Finish what the aborted run ${runId} began on ${node}: put the bootstrap file from before back`
      : `Replace the temporary bootstrap credential on ${node} by a durable one`,
    target: node,
    changes: [
      {
        what: bootstrapPath,
        from: `token of ${bootstrapRequester} that expires, put there by run ${runId}`,
        to: aborted ? `the file from ${backupDirectory(runId)}` : durable,
      },
    ],
    risk: 'reversible',
    undo: 'not needed: the running kubelet does not read this file',
    proof: aborted
      ? 'the file has the hash that it had before that run'
      : 'the API server accepts the new file, asked from the node, and its token has no expiry',
    skipMeans: `once its token has expired, ${node} cannot get a certificate by itself any more`,
    ...script(pins, aborted ? 'restore-kubelet.sh' : 'install-bootstrap.sh'),
  };
}

function concludeStep({ node, pins }: CleanupInput, run: RunOnNode): PlanStep {
  const { runId, hasDirectory, concluded, halfWritten } = run;
  const directory = backupDirectory(runId);
  const swept = halfWritten.map((path) => ({ what: path, from: 'half-written', to: 'removed' }));
  const marked = {
    what: `${directory}/concluded`,
    from: concluded === undefined ? 'absent' : `\`${concluded}\``,
    to: `${concluded === undefined ? '`cleaned up`' : 'as it is'}; the backup stays, but for a copy of a token that expires`,
  };
  return {
    id: concludeStepId(runId),
    sentence: hasDirectory
      ? `Call run ${runId} over on ${node}, and keep its backup`
      : `Remove what run ${runId} was writing on ${node} when it was killed`,
    target: node,
    changes: [...swept, ...(hasDirectory ? [marked] : [])],
    ...(swept.length > 0
      ? { risk: 'irreversible' as const }
      : { risk: 'reversible' as const, undo: `remove ${directory}/concluded` }),
    proof: 'the directory says how its run ended',
    skipMeans: 'it goes on being reported as unfinished',
    ...script(pins, 'conclude-run.sh'),
  };
}

function verifyStep({ node, pins }: CleanupInput): PlanStep {
  return {
    id: 'verify',
    sentence: `Prove that nothing of these runs is left on ${node}, and that it is well`,
    target: node,
    changes: [],
    risk: 'reversible',
    undo: 'nothing to undo: it only looks',
    proof: 'the same look as before finds nothing but what was skipped',
    ...script(pins, 'observe-kubelet.sh'),
  };
}

function script({ scripts }: CleanupPins, name: string): Pick<PlanStep, 'script'> {
  const sha256 = scripts[name];
  return sha256 === undefined ? {} : { script: { name, sha256 } };
}
