import assert from 'node:assert/strict';
import type { WorkflowHandle } from '@temporalio/client';
import { createApproveActivities } from '../../../activities/approve/index.ts';
import type { Vote } from '../../../domain/approval.ts';
import type { Policy } from '../../../domain/policy.ts';
import type { RunState } from '../../../domain/run.ts';
import { statementFor, type Saying, type Statement } from '../../../domain/statement.ts';
import { voteUpdate } from '../../../workflows/messages.ts';
import type { Simulator } from '../../simulator/simulator.ts';
import { brokenCluster } from '../../simulator/state.ts';
import { clusterWith } from '../../activities/support/fake-node.ts';
import { keyRing, type KeyRing } from '../../support/signing-keys.ts';
import { refusalOf, type Recoveries, type Recovery } from './recoveries.ts';

/** Real keys: anna's and ben's are allowed, ben's second name has the key of ben, eve's is revoked, mallory is a stranger. */
export interface Approvers {
  keys: KeyRing;
  allowedSigners: string;
  revoked: string;
}

export function makeApprovers(): Approvers {
  const keys = keyRing();
  for (const name of ['anna', 'ben', 'eve', 'mallory']) keys.make(name);
  const allowed = [
    `anna ${keys.publicKey('anna')}`,
    `ben ${keys.publicKey('ben')}`,
    `benjamin ${keys.publicKey('ben')}`,
    `eve ${keys.publicKey('eve')}`,
  ];
  return {
    keys,
    allowedSigners: keys.write('allowed_signers', `${allowed.join('\n')}\n`),
    revoked: keys.write('revoked_keys', `${keys.publicKey('eve')}\n`),
  };
}

/** A broken cluster whose votes are signed, checked by the product's own activity. */
export function hostSigned(
  recoveries: Recoveries,
  name: string,
  { allowedSigners, revoked }: Pick<Approvers, 'allowedSigners' | 'revoked'>,
  policy: Partial<Policy> = {},
): Simulator {
  const votes = { reversible: 2, irreversible: 2, breakGlass: 2 };
  const simulator = recoveries.host(brokenCluster(name, { approvals: 'signed', votes, ...policy }));
  const known = { ...clusterWith('master-1'), name, approvers: { allowedSigners, revoked } };
  const real = createApproveActivities({ inventory: () => known });
  simulator.activities.verifyStatement = (input) => real.verifyStatement(input);
  return simulator;
}

export interface Signing {
  keys: KeyRing;
  by: string;
  /** Whose private key, when not that of `by`. */
  key?: string;
  /** Changed before it is signed: a true signature of something wrong. */
  change?: Statement;
  /** How far the signer's clock is ahead, in milliseconds. */
  ahead?: number;
  namespace?: string;
}

export function signed(state: RunState, saying: Saying, signing: Signing): Statement {
  const { keys, by, key = by, change = {}, ahead = 0, namespace } = signing;
  const at = (ms: number) => new Date(Date.now() + ahead + ms).toISOString();
  const said = { by, reason: 'read the plan', issued: at(0), expires: at(600_000) };
  const statement = statementFor(state, saying, said);
  assert.ok(statement, `${saying.kind} is awaited`);
  const whole = { ...statement, ...change };
  return { ...whole, signature: keys.sign(key, whole, namespace) };
}

export function signedVote(state: RunState, signing: Signing, decision: Vote['decision'] = 'approve'): Vote {
  return signed(state, { kind: 'vote', decision }, signing) as Statement & Vote;
}

export function send(recovery: Pick<WorkflowHandle, 'executeUpdate'>, vote: Vote) {
  return recovery.executeUpdate(voteUpdate, { args: [vote] });
}

export async function refusedAs(recovery: Recovery, vote: Vote, type: string): Promise<string> {
  const refusal = await refusalOf(send(recovery, vote));
  assert.equal(refusal.type, type, refusal.message);
  return refusal.message;
}
