import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Observation } from '../../../domain/control-plane.ts';
import { objectionToLend, objectionToRestart } from '../../../domain/kubelet/before-restart.ts';
import { unknown } from '../../../domain/reading.ts';
import {
  apiUnreachable,
  healthyObservation,
  incidentOn,
  kubeletOf,
  masterOf,
} from '../../support/observations.ts';

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
    'nobody can look at the node itself',
    (seen) => {
      masterOf(seen, 'master-1').kubelet = unknown('ssh timed out', 'ssh');
      return seen;
    },
    /master-1 could not be looked at: ssh timed out/,
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

function unsigned(): Observation {
  const seen = incidentOn('master-1');
  if (seen.signer.known) seen.signer.value.alive = false;
  return seen;
}

describe('cluster-admin is lent', () => {
  it('to a kubelet that is still lost, while nobody can sign (R4b) or somebody can (R4a)', () => {
    assert.equal(objectionToLend(unsigned(), 'master-1', 'R4b'), undefined);
    assert.equal(objectionToLend(incidentOn('master-1'), 'master-1', 'R4a'), undefined);
  });

  it('but not to one that has come back by itself, nor to one that nobody sees', () => {
    assert.match(objectionToLend(healthyObservation(), 'master-1', 'R4a') ?? '', /not needed any more/);
    const unseen = unsigned();
    masterOf(unseen, 'master-1').kubelet = unknown('ssh timed out', 'ssh');
    assert.match(objectionToLend(unseen, 'master-1', 'R4b') ?? '', /could not be looked at/);
  });

  it('but not as its own kubeconfig once somebody can sign, or where that is not known', () => {
    assert.match(objectionToLend(incidentOn('master-1'), 'master-1', 'R4b') ?? '', /somebody can sign again/);
    const unknownSigner = { ...incidentOn('master-1'), signer: unknown('timed out', 'GET leases') };
    assert.match(objectionToLend(unknownSigner, 'master-1', 'R4b') ?? '', /could not be learnt/);
  });

  it('but not while another master does not carry its etcd', () => {
    const seen = unsigned();
    const { etcd } = masterOf(seen, 'master-2');
    if (etcd.known) etcd.value.healthy = false;
    assert.match(objectionToLend(seen, 'master-1', 'R4b') ?? '', /etcd member on master-2/);
  });
});
