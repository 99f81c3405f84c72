import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Observation } from '../../../domain/control-plane.ts';
import { objectionToRestart } from '../../../domain/kubelet/before-restart.ts';
import { apiUnreachable, incidentOn, kubeletOf, masterOf } from '../../support/observations.ts';

const faults: [string, (seen: Observation) => Observation, RegExp][] = [
  [
    'the etcd member of another master fails',
    (seen) => {
      const { etcd } = masterOf(seen, 'master-2');
      if (etcd.known) etcd.value.healthy = false;
      return seen;
    },
    /etcd member on master-2 is not healthy/,
  ],
  [
    'nobody signs any more',
    (seen) => {
      if (seen.signer.known) seen.signer.value.alive = false;
      return seen;
    },
    /nobody can sign/,
  ],
  ['another master lost its authentication too', (seen) => incidentOn('master-2', seen), /master-2 lost/],
  ['the API is silent', apiUnreachable, /./],
  [
    'a manifest of the node itself was moved away meanwhile',
    (seen) => {
      kubeletOf(seen, 'master-1').orphanPods.push({ namespace: 'openshift-etcd', name: 'etcd-master-1' });
      return seen;
    },
    /openshift-etcd\/etcd-master-1 runs, and no manifest/,
  ],
  [
    'the node is no longer looked at',
    (seen) => ({ ...seen, masters: seen.masters.filter(({ name }) => name !== 'master-1') }),
    /master-1 is not among/,
  ],
];

describe('the kubelet is restarted', () => {
  it('while all other masters carry the control plane', () => {
    assert.equal(objectionToRestart(incidentOn('master-1'), 'master-1'), undefined);
  });

  for (const [what, change, sentence] of faults) {
    it(`but not when ${what}`, () => {
      assert.match(objectionToRestart(change(incidentOn('master-1')), 'master-1') ?? '', sentence);
    });
  }
});
