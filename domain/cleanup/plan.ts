import type { KeptOfEtcd, RunOnNode } from '../control-plane.ts';
import {
  backupDirectory,
  bootstrapNamespace,
  bootstrapPath,
  bootstrapRequester,
  bootstrapSecretName,
} from '../kubelet/names.ts';
import type { CleanupPins, CleanupPlan, LeftBootstrap, PlanStep } from '../plan.ts';
import { leaseStep } from './lease-step.ts';
import { pauseStep } from './pause-step.ts';

export interface CleanupInput {
  cluster: string;
  because: string;
  /** Undefined: nothing is done on a node. */
  onNode?: { node: string; runs: RunOnNode[]; etcd: KeptOfEtcd[] };
  /** What is known to stay, and why; a sentence each. */
  stays: string[];
  pins: CleanupPins;
}

interface OnNode {
  node: string;
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

/**
 * One step for each leftover: a person may skip any of them. The leases first: a guard that is off is what the next fault
 * meets. Then what is paused: nothing else watches over the nodes. The credential before the conclusions: no run is over while its token is in place.
 */
export function planCleanup({ cluster, because, onNode, stays, pins }: CleanupInput): CleanupPlan {
  const { leases, pauses = [] } = pins;
  const [steps, proof] = onNode ? nodePart({ node: onNode.node, pins }, onNode.runs) : [[], []];
  const target = onNode?.node ?? cluster;
  return {
    runbook: 'Cleanup',
    cluster,
    target,
    because,
    steps: [
      ...leases.map((lease) => leaseStep(lease, cluster)),
      ...(pauses.length > 0 ? [pauseStep(pauses, cluster)] : []),
      ...steps,
      verifyStep(cluster, onNode?.node, pins),
    ],
    proof: [...proofOfCluster(pins), ...proof],
    residualRisk: [...(onNode ? keptOn(onNode) : []), ...stays],
    pins,
  };
}

function proofOfCluster({ leases, pauses = [] }: CleanupPins): string[] {
  return [
    ...(leases.length > 0 ? ['no setting of this plan is lent any more, nor bears the note of a lease'] : []),
    ...(pauses.length > 0 ? ['nothing of this plan is paused by a run that is over any more'] : []),
  ];
}

function keptOn({ node, runs, etcd }: NonNullable<CleanupInput['onNode']>): string[] {
  const backups = runs.filter(({ hasDirectory }) => hasDirectory);
  return [
    ...backups.map(({ runId }) => `The backup ${backupDirectory(runId)}`),
    ...etcd.map(({ path }) => path),
  ].map((what) => `${what} stays on ${node} until a person deletes it.`);
}

function nodePart(onNode: OnNode, runs: RunOnNode[]): [PlanStep[], string[]] {
  const { node, pins } = onNode;
  return [
    [
      ...(pins.bootstrap ? [credentialStep(onNode, pins.bootstrap)] : []),
      ...runs.map((run) => concludeStep(onNode, run)),
    ],
    [
      `the kubelet on ${node} is as healthy as before`,
      'every directory of a run that is over says how it ended',
      'no temporary credential and no half-written file of ours is left',
    ],
  ];
}

const concludePrefix = 'conclude-';

function concludeStepId(runId: string): string {
  return `${concludePrefix}${runId}`;
}

/** The run that such a step is about, or undefined. */
export function runOfStep(stepId: string): string | undefined {
  return stepId.startsWith(concludePrefix) ? stepId.slice(concludePrefix.length) : undefined;
}

function credentialStep({ node, pins }: OnNode, left: LeftBootstrap): PlanStep {
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

function concludeStep({ node, pins }: OnNode, run: RunOnNode): PlanStep {
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

function verifyStep(cluster: string, node: string | undefined, pins: CleanupPins): PlanStep {
  return {
    id: 'verify',
    sentence:
      node === undefined
        ? `Prove that ${cluster} bears no trace of ${tracesOf(pins)} any more`
        : `Prove that nothing of these runs is left on ${node}, and that it is well`,
    target: node ?? cluster,
    changes: [],
    risk: 'reversible',
    undo: 'nothing to undo: it only looks',
    proof:
      node === undefined
        ? 'what the plan names is read again, and bears no word of such a run'
        : 'the same look as before finds nothing but what was skipped',
    ...script(pins, 'observe-kubelet.sh'),
  };
}

function tracesOf({ leases, pauses = [] }: CleanupPins): string {
  if (pauses.length === 0) return 'these leases';
  return leases.length === 0 ? 'these pauses' : 'these leases and pauses';
}

function script({ scripts }: CleanupPins, name: string): Pick<PlanStep, 'script'> {
  const sha256 = scripts[name];
  return sha256 === undefined ? {} : { script: { name, sha256 } };
}
