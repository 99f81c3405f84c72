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

  it('also while another kubelet is lost, whose master carries its etcd and its API server (C9)', () => {
    const both = incidentOn('master-2', incidentOn('master-1'));
    assert.equal(objectionToRestart(both, 'master-1'), undefined);
  });

  it('though nobody can sign, where the rung waits for no signer', () => {
    const seen = incidentOn('master-1');
    if (seen.signer.known) seen.signer.value.alive = false;
    assert.equal(objectionToRestart(seen, 'master-1', 'R4b'), undefined);
    assert.equal(objectionToRestart(seen, 'master-1', 'R1'), undefined);
    assert.match(objectionToRestart(seen, 'master-1', 'R4a') ?? '', /nobody can sign/);
  });

  for (const [what, change, sentence] of faults) {
    it(`but not when ${what}`, () => {
      assert.match(objectionToRestart(change(incidentOn('master-1')), 'master-1') ?? '', sentence);
    });
  }
});
