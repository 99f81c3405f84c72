import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { decideCleanup } from '../../domain/cleanup/verdict.ts';
import { diagnose } from '../../domain/diagnosis/diagnose.ts';
import { objectionToChange } from '../../domain/etcd/before-change.ts';
import { decideEtcdRecovery } from '../../domain/etcd/verdict.ts';
import { objectionToLend, objectionToRestart } from '../../domain/kubelet/before-restart.ts';
import { judgeDebt } from '../../domain/kubelet/debt.ts';
import { decideKubeletAuthRecovery } from '../../domain/kubelet/verdict.ts';
import type { DecideActivities } from '../contract.ts';
import type { EtcdDecideActivities } from '../etcd-contract.ts';

/** Pure decisions, run as activities: history records the verdict, and no upgrade in mid-incident can change it. */
export function createDecideActivities(): DecideActivities & EtcdDecideActivities {
  return {
    diagnoseObservation: async ({ observation, open, etcd }) => diagnose(observation, open, etcd),
    judgeDebt: async ({ observation, node, first }) => judgeDebt(observation, node, first),
    objectToRestart: async ({ observation, node, rung, lending }) => {
      const because =
        lending && rung !== undefined
          ? objectionToLend(observation, node, rung)
          : objectionToRestart(observation, node, rung);
      return because === undefined ? {} : { because };
    },
    decideEtcdRecovery: async (input) => decideEtcdRecovery(input, digestOf),
    objectToMemberChange: async ({ observation, plan, decision, touches }) => {
      const because = objectionToChange(observation, plan, decision, touches);
      return because === undefined ? {} : { because };
    },
    decideCleanup: async (input) => decideCleanup(input, digestOf),
    decideKubeletAuthRecovery: async (input) => decideKubeletAuthRecovery(input, digestOf),
  };
}

/**
 * SHA-256 over canonical JSON (RFC 8785), hexadecimal: the order in which a plan's fields were written does not matter, and
 * any language can check it. Throws on what is not JSON, for that is a bug and no decision.
 */
export function digestOf(plan: unknown): string {
  const text = canonicalize(plan);
  if (text === undefined) throw new TypeError('a plan must be JSON');
  return createHash('sha256').update(text).digest('hex');
}
