import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrakeReading } from '../../domain/brake.ts';
import { brakeStateQuery, brakeWorkflowId, releaseSignal, releaseUpdate } from '../../workflows/messages.ts';
import { brokenCluster, healthyCluster } from '../simulator/state.ts';
import { pause, readIn, untilBrake, untilOn } from './support/brakes.ts';
import { lastTask, reset } from './support/resets.ts';
import { refusalOf, serveClusters, type Recoveries } from './support/recoveries.ts';

describe('A brake', { concurrency: 4, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(['signed', 'terminated', 'reset']);
  });
  after(() => recoveries.close());

  it('tells all about itself by its description alone, and refuses what is no release', async () => {
    recoveries.host(healthyCluster('terminated'));
    const brake = await pause(recoveries, 'terminated');
    await untilOn(brake);
    const described = await brake.describe();
    const { by, reason, since } = (described.memo?.['brake'] ?? {}) as Record<string, string>;
    assert.deepEqual([by, reason], ['olga', 'the switch is being replaced']);
    assert.match(since ?? '', /^\d{4}-/);
    assert.deepEqual(described.searchAttributes['ClusterId'], ['terminated']);
    assert.deepEqual(described.searchAttributes['IncidentState'], ['paused']);

    const nameless = await refusalOf(
      brake.executeUpdate(releaseUpdate, { args: [{ by: ' ', reason: 'x' }] }),
    );
    assert.equal(nameless.type, 'NoName');
    await brake.signal(releaseSignal, { by: 'eve' } as never);
    await brake.cancel();
    await untilBrake(brake, ({ phase, refusedCount }) => phase === 'on' && refusedCount === 2);

    await brake.terminate('by mistake');
    const left = await readIn(recoveries, 'terminated');
    assert.equal(left.state, 'on', 'to terminate it releases nothing');
    const refused = await pause(recoveries, 'terminated', { by: '' });
    await assert.rejects(refused.result());
    const behind = await known(recoveries, 'terminated');
    assert.equal(behind.state, 'on', 'a pause that fails releases nothing either');
    const again = await pause(recoveries, 'terminated');
    await untilOn(again);
    await again.signal(releaseSignal, { by: 'grace', reason: 'done' });
    await again.result();
    assert.equal((await readIn(recoveries, 'terminated')).state, 'off');
  });

  it('that was released once, and is reset, releases no newer one', async () => {
    recoveries.host(healthyCluster('reset'));
    const old = await pause(recoveries, 'reset');
    await untilOn(old);
    await old.signal(releaseSignal, { by: 'grace', reason: 'done' });
    await old.result();
    const { workflowId, runId: firstExecutionRunId } = await old.describe();
    await untilOn(await pause(recoveries, 'reset'));

    const ended = { workflowId, firstExecutionRunId, fetchHistory: () => old.fetchHistory() };
    const played = await reset(recoveries, ended, lastTask);
    // Whether the server delivers the old release again depends on the point of the reset: here it comes for certain.
    await untilOn(played);
    await played.signal(releaseSignal, { by: 'grace', reason: 'done' });
    await assert.rejects(played.result());
    assert.equal((await known(recoveries, 'reset')).state, 'on');
  });

  it('counts only with a signature where approvals are signed', async () => {
    const { calls } = recoveries.host(brokenCluster('signed', { approvals: 'signed' }));
    const unsigned = await pause(recoveries, 'signed');
    await assert.rejects(unsigned.result());
    const left = await known(recoveries, 'signed');
    assert.equal(left.state, 'off');

    const old = await pause(recoveries, 'signed', signedWords('pause', { nonce: 'n-1' }, -20));
    await assert.rejects(old.result(), /Workflow execution failed/);
    const long = await pause(recoveries, 'signed', {
      ...signedWords('pause', { nonce: 'n-1' }),
      expires: minutes(60),
    });
    await assert.rejects(long.result());

    const brake = await pause(recoveries, 'signed', signedWords('pause', { nonce: 'n-1' }));
    await untilOn(brake);
    const { brake: shown, nonce, firstRun } = await brake.query(brakeStateQuery);
    assert.equal(shown.proof?.key, 'SHA256:key-of-olga');
    const release = async (input: object) =>
      await refusalOf(brake.executeUpdate(releaseUpdate, { args: [input as never] }));
    assert.equal((await release({ by: 'eve', reason: 'go' })).type, 'NoSignature');
    assert.equal((await release(signedWords('resume', { firstRun, nonce: 'other' }))).type, 'WrongNonce');
    assert.equal((await release(signedWords('pause', { firstRun, nonce }))).type, 'WrongKind');
    const forged = { ...signedWords('resume', { firstRun, nonce }), signature: 'forged' };
    assert.equal((await release(forged)).type, 'BadSignature');
    const checks = () => calls.filter((name) => name === 'verifyStatement').length;
    const checked = checks();
    assert.equal((await release(forged)).type, 'BadSignature');
    assert.equal(checks(), checked, 'what is forged is not checked twice');
    await brake.cancel();
    await untilBrake(brake, ({ refused }) => refused.at(-1)?.by === 'cancel request');
    assert.equal(
      (await release({ ...forged, reason: 'again' })).type,
      'BadSignature',
      'a cancel request deafens nobody',
    );
    await brake.executeUpdate(releaseUpdate, { args: [signedWords('resume', { firstRun, nonce }) as never] });
    await brake.result();
    assert.equal((await readIn(recoveries, 'signed')).state, 'off');
  });
});

/** What is known of the brake, as soon as Temporal lists the pause that failed. */
async function known(recoveries: Recoveries, cluster: string): Promise<BrakeReading> {
  for (let tries = 0; tries < 1200; tries++) {
    const reading = await readIn(recoveries, cluster);
    if (reading.state !== 'unknown') return reading;
    await sleep(50);
  }
  assert.fail('Temporal never listed it');
}

function minutes(from: number): string {
  return new Date(Date.now() + from * 60_000).toISOString();
}

function signedWords(kind: string, about: object, issued = 0): Record<string, string> {
  const subject = {
    kind,
    cluster: 'signed',
    workflow: brakeWorkflowId('signed'),
    firstRun: '',
    plan: '',
    ...about,
  };
  const said = { by: 'olga', reason: 'the switch', issued: minutes(issued), expires: minutes(issued + 5) };
  return { ...subject, ...said, signature: 'good' };
}
