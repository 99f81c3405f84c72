import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { before, describe, it } from 'node:test';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DeterminismViolationError } from '@temporalio/workflow';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { workflowBundle } from '../../worker/bundle.ts';

const directory = new URL('../histories/', import.meta.url).pathname;
const recorded = globSync(`${directory}*.json`).sort();
const outcomes = [
  'healed',
  'refused',
  'rejected',
  'blocked-then-retried',
  'aborted',
  'kubelet-owed',
  'kubelet-watched',
  'kubelet-follow-up',
  'etcd-replaced',
  'etcd-healed-in-place',
  'etcd-healed-by-operator',
  'etcd-refused',
  'etcd-withdrawn',
  'etcd-blocked-then-retried',
  'etcd-aborted-before-removal',
  'etcd-aborted-after-removal',
];

describe('a change of the workflows does not break a run that is open', () => {
  let codePath: string;
  before(async () => {
    const filter = { core: 'ERROR', other: 'ERROR' } as const;
    Runtime.install({
      logger: new DefaultLogger('ERROR'),
      telemetryOptions: { logging: { filter, forward: {} } },
    });
    ({ codePath } = await workflowBundle());
  });

  const replay = (text: string) => {
    const history = historyFromJSON(JSON.parse(text));
    // Under the id that it had: a recovery refuses any other than its cluster's.
    const workflowId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId;
    const options = { workflowBundle: { codePath }, replayName: 'replay' };
    return Worker.runReplayHistory(options, history, workflowId ?? assert.fail('a history without a start'));
  };

  for (const file of recorded) {
    it(`${basename(file, '.json')} replays`, () => replay(readFileSync(file, 'utf8')));
  }

  for (const outcome of outcomes) {
    it(`there is a recorded run that ended ${outcome}`, () => {
      assert.ok(
        recorded.some((file) => basename(file) === `${outcome}.json`),
        'record it: CPR_RECORD=1 npm run test:temporal',
      );
    });
  }

  it('and this test can fail: a run whose activities have other names does not replay', async () => {
    const text = readFileSync(recorded[0] ?? assert.fail('nothing is recorded'), 'utf8');
    const other = text.replaceAll('"observeControlPlane"', '"observeSomethingElse"');
    assert.ok(other !== text, 'every recovery begins with a look');
    await assert.rejects(replay(other), DeterminismViolationError);
  });
});
