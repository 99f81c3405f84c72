import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  parseClusterVersion,
  parseEtcdOperator,
  parsePool,
  parseRemediators,
} from '../../../activities/observe/parse-platform.ts';
import {
  machineHealthCheck,
  nodeHealthCheck,
  operatorObject,
  poolObject,
  versionObject,
} from '../support/etcd-platform.ts';

function withOverrides(overrides?: unknown) {
  const object = operatorObject(['master-0']);
  return parseEtcdOperator({ ...object, spec: { ...object.spec, unsupportedConfigOverrides: overrides } });
}

describe('the etcd operator’s object', () => {
  it('counts a revision that is left out as none, and one that makes no sense as unknown', () => {
    const object = operatorObject(['master-0']);
    assert.deepEqual(parseEtcdOperator(object).nodeStatuses, [
      { nodeName: 'master-0', currentRevision: 2, targetRevision: 0, lastFailedRevision: 0 },
    ]);
    assert.throws(() =>
      parseEtcdOperator({ ...object, status: { ...object.status, latestAvailableRevision: -1 } }),
    );
    assert.throws(() => parseEtcdOperator({ spec: {} }), /no status/);
  });

  it('tells overrides that are absent or null from an empty one', () => {
    assert.ok(!('overrides' in withOverrides(null)));
    assert.ok(!('overrides' in withOverrides()));
    assert.deepEqual(withOverrides({}).overrides, {});
    assert.deepEqual(withOverrides({ theirs: [1, { a: null }] }).overrides, { theirs: [1, { a: null }] });
  });

  it('says that the override is somebody else’s when it stands without our note', () => {
    const object = operatorObject(['master-0']);
    const spec = { unsupportedConfigOverrides: { useUnsupportedUnsafeNonHANonProductionUnstableEtcd: true } };
    assert.equal(parseEtcdOperator({ ...object, spec }).lease.state, 'foreign');
    assert.equal(parseEtcdOperator(object).lease.state, 'free');
  });
});

describe('upgrades and machine configurations', () => {
  it('are in progress unless they say that they are not', () => {
    assert.deepEqual(parseClusterVersion(versionObject()), {
      version: '4.23.0',
      state: 'Completed',
      since: '2026-11-01T00:00:00.000Z',
      progressing: false,
    });
    const partial = versionObject();
    partial.status = { history: [{ state: 'Partial', version: '4.23.1' }] };
    assert.deepEqual(
      [parseClusterVersion(partial).state, parseClusterVersion(partial).progressing],
      ['Partial', true],
    );
    assert.throws(() => parseClusterVersion({ status: {} }), /history/);
    assert.equal(parsePool(poolObject('master')).updating, false);
    assert.equal(parsePool({ metadata: { name: 'master' } }).updating, true);
  });
});

const word = (run: string) => `control-plane-recovery run ${run}`;
const annotated = (value: string) => ({
  metadata: { ...machineHealthCheck.metadata, annotations: { 'cluster.x-k8s.io/paused': value } },
});

const pausesOf = (...requests: string[]) =>
  parseRemediators({
    machineLabels: [],
    nodeLabels: [],
    machineChecks: requests.slice(0, 1).map(annotated),
    nodeChecks: [{ ...nodeHealthCheck, spec: { pauseRequests: requests } }],
  }).map(({ paused, pausedBy }) => [paused, pausedBy]);

describe('remediators', () => {
  const machine = { 'machine.openshift.io/cluster-api-machine-role': 'master' };
  const node = { 'node-role.kubernetes.io/control-plane': '' };
  const all = {
    machineChecks: [machineHealthCheck],
    nodeChecks: [nodeHealthCheck],
    machineLabels: [machine],
    nodeLabels: [node],
  };
  const covering = (change: Partial<Parameters<typeof parseRemediators>[0]>) =>
    parseRemediators({ ...all, ...change }).map(({ coversMasters }) => coversMasters);

  it('cover masters when they select one', () => {
    assert.deepEqual(covering({}), [true, true]);
    assert.deepEqual(covering({ machineLabels: [{ other: 'x' }], nodeLabels: [{ other: 'x' }] }), [
      false,
      false,
    ]);
  });

  it('cover masters when nobody knows what labels those have, and when they select everything', () => {
    assert.deepEqual(covering({ machineLabels: undefined, nodeLabels: undefined }), [true, true]);
    assert.deepEqual(covering({ machineChecks: [{}], nodeChecks: [] }), [true]);
  });

  function selects(expression: object, labels: Record<string, string>): boolean | undefined {
    const selector = { matchExpressions: [expression] };
    return covering({ machineChecks: [], nodeChecks: [{ spec: { selector } }], nodeLabels: [labels] })[0];
  }

  it('select as the API machinery does', () => {
    const role = { key: 'role', values: ['a', 'b'] };
    assert.deepEqual(
      [
        selects({ ...role, operator: 'In' }, { role: 'b' }),
        selects({ ...role, operator: 'In' }, {}),
        selects({ ...role, operator: 'NotIn' }, { role: 'b' }),
        selects({ ...role, operator: 'NotIn' }, {}),
        selects({ key: 'role', operator: 'DoesNotExist' }, { role: 'x' }),
        selects({ key: 'role', operator: 'Newer' }, {}),
      ],
      [true, false, false, true, false, true],
    );
  });

  it('are paused by an annotation on the one, and by a request on the other', () => {
    const paused = parseRemediators({
      ...all,
      machineChecks: [
        { metadata: { ...machineHealthCheck.metadata, annotations: { 'cluster.x-k8s.io/paused': '' } } },
      ],
      nodeChecks: [{ ...nodeHealthCheck, spec: { pauseRequests: ['somebody works here'] } }],
    });
    assert.deepEqual(
      paused.map(({ paused: isPaused }) => isPaused),
      [true, true],
    );
    assert.deepEqual(
      parseRemediators(all).map(({ paused: isPaused }) => isPaused),
      [false, false],
    );
  });

  it('that runs of ours have paused name those runs, and nobody else who merely writes like one', () => {
    const [run, other] = ['0123456789ab', 'ba9876543210'];
    assert.deepEqual(pausesOf(word(run)), [
      [false, [run]],
      [false, [run]],
    ]);
    assert.deepEqual(pausesOf(word(run), word(other), 'Anna')[1], [true, [run, other]]);
    for (const strange of [word('../x'), `${word(run)} `, `my ${word(run)}`, word(''), word(`${run}\n`)])
      assert.deepEqual(pausesOf(strange), [
        [true, undefined],
        [true, undefined],
      ]);
  });
});
