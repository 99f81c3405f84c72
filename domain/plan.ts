/** What a step may cost if it was wrong. */
export type Risk = 'reversible' | 'irreversible' | 'break-glass';

/** Exactly what will be done, as data: printed for the human, approved by its digest, executed as it stands. */
export interface Plan {
  runbook: RunbookName;
  cluster: string;
  /** The node it acts on. */
  target: string;
  /** One sentence: why this and not something else. */
  because: string;
  steps: PlanStep[];
  /** What will be observed before success is called success. */
  proof: string[];
  /** What remains afterwards that a person should know. */
  residualRisk: string[];
}

export type RunbookName = 'EtcdRecovery' | 'KubeletAuthRecovery';

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
