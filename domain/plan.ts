import type { EtcdPlan } from './etcd/plan.ts';
import type { RemediatorPin } from './etcd/platform.ts';
import type { Rung } from './kubelet/rung.ts';
import type { LeftLease } from './lease-left.ts';
import type { LeftPause } from './pause-left.ts';

/** What a step may cost if it was wrong. */
export type Risk = 'reversible' | 'irreversible' | 'break-glass';

/** Exactly what will be done, as data: printed for the human, approved by its digest, executed as it stands. */
export type Plan = KubeletPlan | CleanupPlan | EtcdPlan;

export interface KubeletPlan extends PlanBase {
  runbook: 'KubeletAuthRecovery';
  pins: KubeletPins;
}

export interface CleanupPlan extends PlanBase {
  runbook: 'Cleanup';
  pins: CleanupPins;
}

/** What the plans of all runbooks have. Besides it: `pins`, what the acts are given, so that the vote covers it and nothing is derived anew after it. */
export interface PlanBase {
  cluster: string;
  /** The node it acts on; the cluster's name where it acts on none. */
  target: string;
  /** One sentence: why this and not something else. */
  because: string;
  steps: PlanStep[];
  /** What will be observed before success is called success. */
  proof: string[];
  /** What remains afterwards that a person should know. What begins with `Until ` is over once it is healed. */
  residualRisk: string[];
}

/** The facts to which the steps of KubeletAuthRecovery are pinned. */
export interface KubeletPins {
  /** Names the backup directory on the node. */
  runId: string;
  /** Server and certificate authority of both bootstrap files: those of the node's own kubeconfig. */
  server: string;
  caSha256: string;
  /** Hash of the bootstrap file that is to be replaced, or `missing`. */
  bootstrapSha256: string;
  /** Name and SHA-256 of every script that may run as root on the node: the vote covers the undo too. */
  scripts: Record<string, string>;
  /** The one request that may be approved. */
  csr: CsrPredicate;
  /** Absent: R2b, which was the only one when that plan was made. */
  rung?: Rung;
  /** The file on the node that server and CA are taken from; absent: the kubelet's own kubeconfig. */
  source?: string;
  /** R1: the file that the link will lead to. */
  kept?: PinnedFile;
  /** SHA-256 of a client certificate file that the restart moves aside though it can be read. */
  unusable?: string;
  /** R4a, R4b: the admin kubeconfig. */
  admin?: PinnedFile;
  /** What else might act on the master, and is paused meanwhile. */
  remediators?: RemediatorPin[];
  /** The cluster has operators, whose view is waited for. */
  platform?: true;
  /** No durable bootstrap file can be made now: what takes its place is owed. */
  bootstrapOwed?: true;
}

/** A file of the node, by what is in it. */
export interface PinnedFile {
  path: string;
  sha256: string;
}

/** The facts to which the steps of Cleanup are pinned. */
export interface CleanupPins {
  /** Of the run that cleans up. */
  runId: string;
  /** Name and SHA-256 of every script that may run as root on the node; none where nothing is done on a node. */
  scripts: Record<string, string>;
  /** The temporary credential that is to be replaced; undefined: there is none. */
  bootstrap?: LeftBootstrap;
  /** The leases that are to be put back, as they were read. */
  leases: LeftLease[];
  /** What is to be resumed; undefined: nothing is. */
  pauses?: LeftPause[];
}

export interface LeftBootstrap {
  /** The run that put it there. */
  runId: string;
  /** That run had been aborted, so its own file from before goes back, and no durable one is put there. */
  aborted: boolean;
  /** Server and certificate authority of the durable file: those of the node's own kubeconfig. */
  server: string;
  caSha256: string;
}

/** What a vote approves instead of a request that does not exist yet. */
export interface CsrPredicate {
  requester: string;
  commonName: string;
  organizations: string[];
  /** The request may ask for these and no others; the two that every kubelet needs must be among them. */
  usages: string[];
}

export type RunbookName = 'EtcdRecovery' | 'KubeletAuthRecovery' | 'Cleanup';

export interface PlanStep {
  /** Stable, unique in the plan: `backup`, `restart`. */
  id: string;
  /** Completes "now …": `Back up the kubelet's credentials on master-1`. */
  sentence: string;
  target: string;
  changes: Change[];
  risk: Risk;
  /** How it is undone; undefined when it cannot be. */
  undo?: string;
  /** What proves that it worked. */
  proof: string;
  /** After this step an abort can no longer put things back. */
  pointOfNoReturn?: true;
  /** What it means to go on without this step; undefined: it cannot be skipped. */
  skipMeans?: string;
  /** SHA-256 of the node script that carries it out, so that the vote covers the code too. */
  script?: { name: string; sha256: string };
}

/** One object or file and what becomes of it. Holds hashes and forms, never contents. */
export interface Change {
  what: string;
  from: string;
  to: string;
}

export function riskOf(plan: Plan): Risk {
  const risks = plan.steps.map((step) => step.risk);
  if (risks.includes('break-glass')) return 'break-glass';
  return risks.includes('irreversible') ? 'irreversible' : 'reversible';
}

/** The plan as one of this runbook. Throws on another's: pins of one sort given to the acts of another would be a catastrophe. */
export function planOf<Name extends Plan['runbook']>(
  name: Name,
  plan: Plan,
): Extract<Plan, { runbook: Name }> {
  if (isOf(name, plan)) return plan;
  throw new TypeError(`a plan of ${plan.runbook} is none of ${name}`);
}

function isOf<Name extends Plan['runbook']>(
  name: Name,
  plan: Plan,
): plan is Extract<Plan, { runbook: Name }> {
  return plan.runbook === name;
}
