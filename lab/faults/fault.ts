import type { Lab } from '../handle.ts';
import type { Progress } from '../host/progress.ts';

/** Something that breaks in real clusters, done to a master of the lab. */
export interface Fault {
  /** As on the command line: `cpr lab break kubelet-anonymous master-1`. */
  name: string;
  /** What is broken, in one sentence. */
  sentence: string;
  /** What a person sees. */
  symptom: string;
  /** How to heal it by force, in one sentence: what `healByForce` does. */
  heal: string;
  /** Resolves when the symptom is really there. Breaking what is broken already is success. */
  break(lab: Lab, node: string, options: FaultOptions): Promise<void>;
  /** Back to healthy without any runbook; resolves when the node is. Healing what is healthy is success. */
  healByForce(lab: Lab, node: string, options: FaultOptions): Promise<void>;
}

export interface FaultOptions {
  progress: Progress;
  signal?: AbortSignal | undefined;
  /** Wait also until the cluster has noticed: the Node's Ready condition turns Unknown after about 45 s. */
  untilNodeUnknown?: boolean;
}
