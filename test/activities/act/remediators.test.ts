import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  pauseRemediators as pauseUnlessOver,
  resumeRemediators,
} from '../../../activities/act/remediators.ts';
import { fakeObjects, type FakeObjects } from '../support/fake-objects.ts';
import { noLane } from '../support/stub-lane.ts';
import { isFailure } from '../../../activities/failure.ts';

const machines =
  '/apis/machine.openshift.io/v1beta1/namespaces/openshift-machine-api/machinehealthchecks/all';
const nodes = '/apis/remediation.medik8s.io/v1alpha1/nodehealthchecks/all';
const paused = 'cluster.x-k8s.io/paused';
const ours = 'control-plane-recovery run er-1';
const pins = {
  runId: 'er-1',
  remediators: [
    { kind: 'MachineHealthCheck' as const, namespace: 'openshift-machine-api', name: 'all' },
    { kind: 'NodeHealthCheck' as const, namespace: '', name: 'all' },
  ],
};

const left = 'control-plane-recovery run 0123456789ab';
const isLeft = (run: string) => Promise.resolve(run === '0123456789ab');
const away = () => Promise.reject(new Error('Temporal does not answer'));
const goesOn = () => Promise.resolve(false);
type Pausing = Parameters<typeof pauseUnlessOver>;
/** No run of ours but this one is over, unless a test says so. */
const pauseRemediators = (reach: Pausing[0], named: Pausing[1], isOver: Pausing[2] = goesOn) =>
  pauseUnlessOver(reach, named, isOver);

async function stage(t: TestContext, theirs: { annotations?: object; requests?: string[] } = {}) {
  const api = await fakeObjects(t);
  api.put(machines, { metadata: { annotations: theirs.annotations }, spec: { maxUnhealthy: 1 } });
  api.put(nodes, { spec: theirs.requests ? { pauseRequests: theirs.requests } : {} });
  const reach = { cluster: api.connection, lane: noLane(), signal: new AbortController().signal };
  return { api, reach };
}

function standing(api: FakeObjects) {
  // Put there by `stage`, so of that form.
  const { spec } = api.objects.get(nodes) as unknown as { spec: { pauseRequests?: string[] } };
  return { annotations: api.objects.get(machines)?.metadata.annotations, requests: spec.pauseRequests };
}

describe('other remediators', { concurrency: 4 }, () => {
  it('are paused in the name of the run, once, and resumed', async (t) => {
    const { api, reach } = await stage(t);
    const first = await pauseRemediators(reach, pins);
    assert.equal(first.changed, true);
    assert.match(
      first.sentence,
      /MachineHealthCheck openshift-machine-api\/all is paused; NodeHealthCheck all is paused/,
    );
    assert.deepEqual(standing(api), { annotations: { [paused]: ours }, requests: [ours] });
    assert.equal((await pauseRemediators(reach, pins)).changed, false);
    assert.equal(api.writes().length, 2);
    assert.equal((await resumeRemediators(reach, pins)).changed, true);
    assert.deepEqual(standing(api), { annotations: {}, requests: undefined });
    assert.equal((await resumeRemediators(reach, pins)).changed, false);
  });

  it('that somebody else has paused stay theirs, when pausing and when resuming', async (t) => {
    const { api, reach } = await stage(t, {
      annotations: { [paused]: 'maintenance of Anna', other: 'x' },
      requests: ['maintenance of Anna'],
    });
    await pauseRemediators(reach, pins);
    assert.deepEqual(standing(api), {
      annotations: { [paused]: 'maintenance of Anna', other: 'x' },
      requests: ['maintenance of Anna', ours],
    });
    const { sentence } = await resumeRemediators(reach, pins);
    assert.match(sentence, /paused by somebody else \(maintenance of Anna\): left as it is/);
    assert.deepEqual(standing(api), {
      annotations: { [paused]: 'maintenance of Anna', other: 'x' },
      requests: ['maintenance of Anna'],
    });
  });

  it('keep an annotation with an empty value, which is a pause as well', async (t) => {
    const { api, reach } = await stage(t, { annotations: { [paused]: '' } });
    await pauseRemediators(reach, pins);
    await resumeRemediators(reach, pins);
    assert.deepEqual(standing(api).annotations, { [paused]: '' });
  });

  it('are not touched by a run for another', async (t) => {
    const { api, reach } = await stage(t);
    await pauseRemediators(reach, pins);
    assert.equal((await resumeRemediators(reach, { ...pins, runId: 'er-10' })).changed, false);
    assert.deepEqual(standing(api).requests, [ours]);
  });

  it('that a run of ours has left paused are taken over where that run is over, and resumed', async (t) => {
    const { api, reach } = await stage(t, {
      annotations: { [paused]: left },
      requests: [left, 'maintenance of Anna'],
    });
    assert.equal((await pauseRemediators(reach, pins, isLeft)).changed, true);
    assert.deepEqual(standing(api), {
      annotations: { [paused]: ours },
      requests: ['maintenance of Anna', ours],
    });
    assert.equal((await pauseRemediators(reach, pins, isLeft)).changed, false);
    await resumeRemediators(reach, pins);
    assert.deepEqual(standing(api), { annotations: {}, requests: ['maintenance of Anna'] });
  });

  it('that another run of ours has paused stay its own as long as it goes on', async (t) => {
    const { api, reach } = await stage(t, { annotations: { [paused]: left }, requests: [left] });
    const { sentence } = await pauseRemediators(reach, pins);
    assert.match(sentence, /paused by somebody else \(control-plane-recovery run 0123456789ab\)/);
    assert.deepEqual(standing(api), { annotations: { [paused]: left }, requests: [left, ours] });
    await resumeRemediators(reach, pins);
    assert.deepEqual(standing(api), { annotations: { [paused]: left }, requests: [left] });
  });

  it('are left as they are when it cannot be found out whether that run is over', async (t) => {
    const { api, reach } = await stage(t, { annotations: { [paused]: left }, requests: [left] });
    await assert.rejects(pauseRemediators(reach, pins, away), /does not answer/);
    assert.equal(api.writes().length, 0);
  });

  it('that are gone disturb nobody', async (t) => {
    const { api, reach } = await stage(t);
    api.objects.delete(machines);
    const { sentence } = await pauseRemediators(reach, pins);
    assert.match(sentence, /openshift-machine-api\/all is gone; NodeHealthCheck all is paused/);
  });

  it('are read again when they change between reading and writing', async (t) => {
    const { api, reach } = await stage(t);
    let raced = false;
    api.interfere = ({ method, path }) => {
      if (method !== 'PATCH' || path !== nodes || raced) return undefined;
      raced = true;
      api.put(nodes, { spec: { pauseRequests: ['just now'] } });
      return undefined;
    };
    await pauseRemediators(reach, pins);
    assert.deepEqual(standing(api).requests, ['just now', ours]);
  });

  it('with a lost answer are paused once', async (t) => {
    const { api, reach } = await stage(t);
    let lost = 0;
    api.interfere = ({ method }) => (method === 'PATCH' && lost++ === 0 ? 'after' : undefined);
    assert.equal((await pauseRemediators(reach, pins)).changed, true);
    assert.deepEqual(standing(api), { annotations: { [paused]: ours }, requests: [ours] });
  });

  it('that may not be touched are an error, and no silence', async (t) => {
    const { api, reach } = await stage(t);
    api.interfere = ({ method }) =>
      method === 'PATCH' ? { status: 403, body: { message: 'forbidden' } } : undefined;
    await assert.rejects(pauseRemediators(reach, pins), (error) => isFailure(error, 'ApiForbidden'));
  });
});
