import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Payload } from '@temporalio/common';
import type { Recoveries, Recovery } from './recoveries.ts';

/** Messages as no client of ours would send them: straight through gRPC, under any name, with whatever bytes for a payload. */
export interface Barrage {
  recoveries: Recoveries;
  recovery: Recovery;
  random: () => number;
  /** What would count, to be spoilt. */
  good: Record<string, string>;
}

const completed = 3 as never;

export async function signalAnything({ recoveries, recovery, random, good }: Barrage): Promise<void> {
  const { workflowService } = recoveries.temporal.client;
  await settled(
    workflowService.signalWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: recovery.workflowId },
      signalName: pick(names, random),
      input: anyInput(good, random),
    }),
  );
}

export async function updateAnything({ recoveries, recovery, random, good }: Barrage): Promise<void> {
  const { workflowService } = recoveries.temporal.client;
  const input = { name: pick(names, random), args: anyInput(good, random), header: { fields: {} } };
  await settled(
    workflowService.updateWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: recovery.workflowId },
      waitPolicy: { lifecycleStage: completed },
      request: { meta: { updateId: randomUUID(), identity: 'nobody' }, input },
    }),
  );
}

export async function askAnything({ recoveries, recovery, random, good }: Barrage): Promise<void> {
  const { workflowService } = recoveries.temporal.client;
  const query = { queryType: pick(names, random), queryArgs: anyInput(good, random) };
  const execution = { workflowId: recovery.workflowId };
  await settled(workflowService.queryWorkflow({ namespace: 'default', execution, query }));
}

/** A payload larger than the server takes: whatever it does with that, the run must not be harmed. */
export async function signalTooMuch({ recoveries, recovery }: Barrage): Promise<void> {
  const data = Buffer.from(JSON.stringify('x'.repeat(3_000_000)));
  await settled(
    recoveries.temporal.client.workflowService.signalWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: recovery.workflowId },
      signalName: 'vote',
      input: { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data }] },
    }),
  );
}

/** A failed workflow task is tried again for ever; that the run ended is not enough, it must never have stumbled. */
export async function noTaskFailed(recovery: Recovery): Promise<void> {
  const { events } = await recovery.fetchHistory();
  const failed = (events ?? []).filter((event) => event.workflowTaskFailedEventAttributes);
  assert.deepEqual(
    failed.map((event) => event.workflowTaskFailedEventAttributes?.failure?.message),
    [],
  );
}

/** The server or the run may refuse it in any way it likes, but not by standing still. */
async function settled(sent: Promise<unknown>): Promise<void> {
  await sent.catch(() => {});
}

const commands = ['vote', 'resolveStep', 'abort', 'supersede'];
const names = [
  ...commands,
  ...commands,
  'vote',
  'state',
  'report',
  'Vote',
  '__temporal_anything',
  '__stack_trace',
  '\u0000',
  'constructor',
  '__proto__',
];

function anyInput(good: Record<string, string>, random: () => number): { payloads: Payload[] } {
  if (random() < 0.05) return { payloads: [] };
  if (random() < 0.05) return { payloads: [anyPayload(good, random), anyPayload(good, random)] };
  return { payloads: [anyPayload(good, random)] };
}

const encodings = ['json/plain', 'json/plain', 'binary/plain', 'binary/null', 'json/protobuf', 'no/such', ''];

function anyPayload(good: Record<string, string>, random: () => number): Payload {
  if (random() < 0.4) {
    const data = Buffer.from(JSON.stringify(spoilt(good, random)));
    return { metadata: { encoding: Buffer.from('json/plain') }, data };
  }
  const data = pick(shapes, random)(random);
  return { metadata: { encoding: Buffer.from(pick(encodings, random)) }, data };
}

/** One field of what would count is another one: of any type, or absent, or one that nobody knows. */
function spoilt(good: Record<string, string>, random: () => number): Record<string, unknown> {
  const name = pick([...Object.keys(good), 'force', '__proto__', 'toString', 'stepId', 'action'], random);
  const value = pick(
    [undefined, null, 0, 1e308, true, [], {}, [good], '', ' ', '\u202E', '\uD800', 'x'.repeat(20_000), good],
    random,
  );
  return Object.fromEntries([...Object.entries(good), [name, value]]);
}

const shapes: ((random: () => number) => Buffer)[] = [
  () => Buffer.from('{"gate":"plan-1"'),
  () => Buffer.from('{"__proto__":{"decision":"approve"},"by":null}'),
  (random) => (random() < 0.1 ? Buffer.from(JSON.stringify({ by: 'x'.repeat(200_000) })) : Buffer.from('[]')),
  () => Buffer.from('['.repeat(5_000)),
  () => Buffer.from('1e999'),
  () => Buffer.from('"\\ud800"'),
  (random) => Buffer.from(Array.from({ length: 64 }, () => Math.floor(random() * 256))),
  () => Buffer.alloc(0),
];

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)]!;
}
