import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  parseEtcdPod,
  parseKubeletWord,
  parseMachine,
  parseMasterNode,
} from '../../../../activities/observe/etcd/parse-master.ts';
import { machineObject, nodeObject, podObject } from '../../support/etcd-platform.ts';

describe('a master’s objects', () => {
  it('say every internal address and no other', () => {
    const node = nodeObject('master-1', '10.78.0.12');
    node.status?.addresses?.push(
      { type: 'InternalIP', address: 'fd00::12' },
      { type: 'ExternalIP', address: '1.2.3.4' },
    );
    assert.deepEqual(parseMasterNode(node).internalIps, ['10.78.0.12', 'fd00::12']);
    assert.equal(parseMasterNode({}).ready, 'Unknown');
  });

  it('find the Machine by its word for the node, or by the node’s word for it, and never by its name', () => {
    const [own, other] = [machineObject('master-1', '10.78.0.12'), machineObject('master-10', '10.78.0.20')];
    const found = parseMachine([other, own], { name: 'master-1' });
    assert.deepEqual(found, {
      state: 'present',
      name: 'lab-x1-master-1',
      phase: 'Running',
      addresses: ['10.78.0.12'],
      deleting: false,
      quorumHook: true,
    });
    delete own.status?.nodeRef;
    const annotations = { 'machine.openshift.io/machine': 'openshift-machine-api/lab-x1-master-1' };
    assert.deepEqual(parseMachine([other, own], { name: 'master-1', annotations }), found);
    assert.deepEqual(parseMachine([other, own], { name: 'master-1' }), { state: 'none' });
    assert.throws(
      () => parseMachine([other, machineObject('master-10', '10.78.0.21')], { name: 'master-10' }),
      /2 Machines claim/,
    );
  });

  it('know a hook of somebody else’s from the etcd operator’s', () => {
    const machine = machineObject('master-1', '10.78.0.12');
    machine.spec = { lifecycleHooks: { preDrain: [{ name: 'EtcdQuorumOperator', owner: 'somebody' }] } };
    const found = parseMachine([machine], { name: 'master-1' });
    assert.equal(found.state === 'present' && found.quorumHook, false);
  });

  it('find the pod by its whole name', () => {
    const pods = [podObject('master-10', ['10.78.0.20']), podObject('master-1', ['10.78.0.12'])];
    const pod = parseEtcdPod(pods, 'master-1');
    assert.equal(pod.state === 'present' && pod.uid, 'uid-pod-master-1');
    assert.deepEqual(parseEtcdPod(pods, 'master'), { state: 'absent' });
  });

  it('take from the pod’s environment only what names addresses, as the pod has it', () => {
    const pod = parseEtcdPod([podObject('a.b-c', ['10.78.0.12'])], 'a.b-c');
    assert.deepEqual(pod.state === 'present' && pod.env, {
      ALL_ETCD_ENDPOINTS: 'https://10.78.0.12:2379',
      NODE_a_b_c_IP: '10.78.0.12',
      NODE_a_b_c_ETCD_URL_HOST: '10.78.0.12',
    });
  });

  it('say why a container ended, init containers too, and how often', () => {
    const object = podObject('master-1', ['10.78.0.12']);
    const ended = {
      exitCode: 1,
      reason: 'Error',
      message: 'expected NODE_master_1_IP to be 10.78.0.22, got 10.78.0.12\n',
    };
    object.status = {
      initContainerStatuses: [
        {
          name: 'etcd-ensure-env-vars',
          ready: false,
          restartCount: 4,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated: ended },
        },
      ],
      containerStatuses: [
        { name: 'etcd', restartCount: 0, state: { waiting: { reason: 'PodInitializing' } } },
      ],
    };
    const pod = parseEtcdPod([object], 'master-1');
    const [init, etcd] = pod.state === 'present' ? pod.containers : [];
    assert.deepEqual(init, {
      name: 'etcd-ensure-env-vars',
      ready: false,
      state: 'waiting',
      reason: 'CrashLoopBackOff',
      restarts: 4,
      lastTermination: { ...ended, message: ended.message.trim() },
    });
    assert.deepEqual([etcd?.state, etcd?.lastTermination], ['waiting', undefined]);
  });

  it('take a kubelet for authenticated while its lease is fresh by the API’s clock', () => {
    const lease = { spec: { renewTime: '2026-11-22T12:00:00.123456Z', leaseDurationSeconds: 40 } };
    const after = (seconds: number) =>
      parseKubeletWord(lease, Date.parse('2026-11-22T12:00:00Z') + seconds * 1000);
    assert.deepEqual(
      [after(40).authenticates, after(42).authenticates, after(-3).authenticates],
      [true, false, true],
    );
    assert.equal(parseKubeletWord(undefined, 0).authenticates, false);
  });
});
