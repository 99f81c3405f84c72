import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classify } from '../../../domain/kubelet/classify.ts';
import type { Observation } from '../../../domain/control-plane.ts';
import { known } from '../../../domain/reading.ts';
import { healthyObservation, incidentOn, masterOf } from '../../support/observations.ts';

const node = 'master-1';
const installer = {
  namespace: 'openshift-kube-controller-manager',
  name: `installer-7-${node}`,
  createdAt: '',
};

function pod(name: string, on: string, terminating: boolean) {
  return { name, node: on, phase: 'Running', terminating };
}

/** A pod that nobody takes up, and a metal3 that is stuck on the master; another one elsewhere is not its doing. */
function seen(observation: Observation): Observation {
  masterOf(observation, node).operatorPods = known({ guards: [], unacknowledged: [installer] }, 'GET pods');
  const pods = [pod('metal3-old', node, true), pod('metal3-x', 'master-2', true)];
  observation.platform.metal3 = known({ desired: 1, available: 0, pods }, 'GET deployments/metal3');
  return observation;
}

function followsIn(observation: Observation): string[] {
  const facts = classify(masterOf(observation, node), observation).evidence.map(({ fact }) => fact);
  return facts.filter((fact) => fact.startsWith('follows from it'));
}

describe('what follows from a lost identity', () => {
  it('is told behind its cause: the pod that nobody takes up, then metal3 that does not end', () => {
    const follows = followsIn(seen(incidentOn(node)));
    assert.equal(follows.length, 2);
    assert.match(follows[0] ?? '', /installer-7-master-1 .*no startTime/);
    assert.match(follows[1] ?? '', /metal3-old does not end on master-1.*0 of 1 available/);
  });

  it('is not told of a kubelet that is well: there it has another cause', () => {
    assert.deepEqual(followsIn(seen(healthyObservation())), []);
  });
});
