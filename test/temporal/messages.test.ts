import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Payload } from '@temporalio/common';
import type { Vote } from '../../domain/approval.ts';
import { abortUpdate, stateQuery, voteSignal, voteUpdate } from '../../workflows/messages.ts';
import { brokenCluster } from '../simulator/state.ts';
import { seeded } from '../simulator/seeded.ts';
import {
  approve,
  ended,
  refusalOf,
  serveClusters,
  untilGate,
  untilState,
  type Recoveries,
  type Recovery,
} from './support/recoveries.ts';

describe('A message to KubeletAuthRecovery', { concurrency: 2, timeout: 90_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(['wrong-votes', 'shown', 'anything']);
  });
  after(() => recoveries.close());

  it('that is a wrong vote is refused: as an update with what was expected first, as a signal by being counted', async () => {
    const { cluster } = recoveries.host(brokenCluster('wrong-votes'));
    const recovery = await recoveries.start(cluster);
    const { gate } = await untilGate(recovery);
    const said = { decision: 'approve', by: 'grace', reason: 'reviewed', cluster: 'wrong-votes' };
    const good = { gate: gate!.id, nonce: gate!.nonce, ...said };
    const wrong: [string, unknown][] = [
      ['MalformedVote', undefined],
      ['MalformedVote', 'approve'],
      ['MalformedVote', { ...good, expire: '2030-01-01T00:00:00Z' }],
      ['WrongGate', { ...good, gate: 'plan-2' }],
      ['WrongNonce', { ...good, nonce: randomUUID() }],
      ['UnknownDecision', { ...good, decision: 'yes' }],
      ['NoName', { ...good, by: '<your name>' }],
      ['NoReason', { ...good, reason: ' ' }],
      ['ClusterNotTyped', { ...good, cluster: "<type the cluster's name>" }],
      ['ForeignCluster', { ...good, cluster: 'shown' }],
      ['ForeignRun', { ...good, firstRun: randomUUID() }],
      ['StalePlan', { ...good, plan: '0'.repeat(64) }],
      ['NothingToWithdraw', { ...good, decision: 'withdraw' }],
      ['IssuedInFuture', { ...good, issued: '2101-01-01T00:00:00Z' }],
      ['VoteExpired', { ...good, expires: '2001-01-01T00:00:00Z' }],
    ];
    for (const [type, vote] of wrong) {
      const refusal = await refusalOf(recovery.executeUpdate(voteUpdate, { args: [vote as Vote] }));
      assert.equal(refusal.type, type, refusal.message);
      assert.ok(refusal.message.startsWith('Expected {"gate":"plan-1"'), `${type}: ${refusal.message}`);
      await recovery.signal(voteSignal, vote as Vote);
    }
    const state = await untilState(recovery, ({ refusedCount }) => refusedCount === wrong.length);
    assert.deepEqual(
      state.refused.map(({ why }) => why.split(':')[0]),
      wrong.map(([type]) => type),
    );
    assert.deepEqual(state.gate?.votes, []);
    assert.deepEqual(cluster.effects, []);

    await recovery.signal(voteSignal, good as Vote);
    assert.equal((await ended(recovery)).outcome.status, 'healed');
  });

  it('is told in the Web UI: what is awaited, what to paste, and every handler with an example', async () => {
    const { cluster } = recoveries.host(brokenCluster('shown'));
    const recovery = await recoveries.start(cluster);
    const { gate } = await untilGate(recovery);
    const { currentDetails, definition } = await recovery.query<Metadata>('__temporal_workflow_metadata');
    assert.ok(currentDetails.includes(gate?.nonce ?? 'a gate'), currentDetails);
    for (const kind of ['signalDefinitions', 'updateDefinitions'] as const) {
      const handlers = definition[kind].map(
        ({ name, description }) => `${name} ${/\{.*\}/.test(description)}`,
      );
      assert.deepEqual(handlers.sort(), ['abort true', 'resolveStep true', 'supersede true', 'vote true']);
    }
    await recovery.executeUpdate(abortUpdate, { args: [{ by: 'ada', reason: 'seen' }] });
    assert.equal((await ended(recovery)).outcome.status, 'aborted');
  });

  it('may be anything at all: it does no harm, and the next valid vote counts', async () => {
    const { cluster } = recoveries.host(brokenCluster('anything', { reobserveEveryMs: 60_000 }));
    const recovery = await recoveries.start(cluster);
    await untilGate(recovery);
    const random = seeded(20_261_122);
    for (let round = 0; round < 30; round++) {
      await Promise.all(Array.from({ length: 7 }, () => sendAnything(recoveries, recovery, random)));
      await askAnything(recoveries, recovery, random);
    }

    await Promise.all(Array.from({ length: 60 }, () => recovery.signal(voteSignal, 7 as never)));

    const state = await recovery.query(stateQuery);
    assert.equal(state.phase, 'waiting-for-approval');
    assert.ok(state.refusedCount > 60, `${state.refusedCount} were counted`);
    assert.equal(state.refused.length, 50);
    assert.ok(JSON.stringify(state).length < 60_000, 'the state stays small');
    assert.deepEqual(cluster.effects, []);
    await approve(recovery);
    const { outcome } = await ended(recovery);
    assert.equal(outcome.status, 'healed');
    assert.deepEqual(
      outcome.votes.map(({ by }) => by),
      ['grace'],
    );
    await noTaskFailed(recovery);
  });
});

const completed = 3 as never;

/** What the Web UI asks for, as the SDK answers it. */
interface Metadata {
  currentDetails: string;
  definition: Record<'signalDefinitions' | 'updateDefinitions', { name: string; description: string }[]>;
}

/** One message as no client of ours would send it: straight through gRPC, with whatever bytes for a payload. */
async function sendAnything(
  { temporal }: Recoveries,
  { workflowId }: Recovery,
  random: () => number,
): Promise<void> {
  const { workflowService } = temporal.client;
  const name = pick(names, random);
  const input = anyInput(random);
  const target = { namespace: 'default', workflowExecution: { workflowId } };
  const meta = { updateId: randomUUID(), identity: 'nobody' };
  const sent =
    random() < 0.6
      ? workflowService.signalWorkflowExecution({ ...target, signalName: name, input })
      : workflowService.updateWorkflowExecution({
          ...target,
          waitPolicy: { lifecycleStage: completed },
          request: { meta, input: { name, args: input, header: { fields: {} } } },
        });
  await settled(sent);
}

async function askAnything(
  { temporal }: Recoveries,
  { workflowId }: Recovery,
  random: () => number,
): Promise<void> {
  const query = { queryType: pick(names, random), queryArgs: anyInput(random) };
  await settled(
    temporal.client.workflowService.queryWorkflow({ namespace: 'default', execution: { workflowId }, query }),
  );
}

/** The server or the run may refuse it in any way it likes, but not by standing still. */
async function settled(sent: Promise<unknown>): Promise<void> {
  await sent.catch(() => {});
}

function anyInput(random: () => number): { payloads: Payload[] } {
  return { payloads: random() < 0.1 ? [] : [anyPayload(random)] };
}

const commands = ['vote', 'resolveStep', 'abort'];
const names = [
  ...commands,
  ...commands,
  'state',
  'report',
  'Vote',
  '__temporal_anything',
  '\u0000',
  'constructor',
];

function anyPayload(random: () => number): Payload {
  const encoding = pick(
    ['json/plain', 'binary/plain', 'binary/null', 'json/protobuf', 'no/such', ''],
    random,
  );
  const data = pick(
    [
      Buffer.from('{"gate":"plan-1"'),
      Buffer.from('{"__proto__":{"decision":"approve"},"by":null}'),
      Buffer.from(
        JSON.stringify({ gate: 'plan-1', decision: 'approve', by: 'x'.repeat(100_000), reason: 'long' }),
      ),
      Buffer.from('['.repeat(5_000)),
      Buffer.from('1e999'),
      Buffer.from('"\\ud800"'),
      Buffer.from(Array.from({ length: 64 }, () => Math.floor(random() * 256))),
      Buffer.alloc(0),
    ],
    random,
  );
  return { metadata: { encoding: Buffer.from(encoding) }, data };
}

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)]!;
}

/** A failed workflow task is tried again for ever; that the run ended is not enough, it must never have stumbled. */
async function noTaskFailed(recovery: Recovery): Promise<void> {
  const { events } = await recovery.fetchHistory();
  const failed = (events ?? []).filter((event) => event.workflowTaskFailedEventAttributes);
  assert.deepEqual(
    failed.map((event) => event.workflowTaskFailedEventAttributes?.failure?.message),
    [],
  );
}
