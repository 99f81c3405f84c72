import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../../activities/decide/index.ts';
import type { Rung } from '../../../domain/kubelet/rung.ts';
import type { KubeletDecision } from '../../../domain/kubelet/verdict.ts';
import { planOf } from '../../../domain/plan.ts';
import { known } from '../../../domain/reading.ts';
import { decideChanged, type Change } from '../../support/decisions.ts';
import {
  adminFile,
  goodBootstrap,
  noSecret,
  noSigner,
  older,
  planFor,
  present,
  request,
} from '../../support/ladder.ts';
import { clientFile, kubeletOf, laterLook, observedAt, secondsAfter } from '../../support/observations.ts';

/** Each is the incident on master-1, changed in what decides, and the steps that follow. */
const climbs: [string, string, Rung, string[], Change][] = [
  [
    'its one request waits for approval',
    'C1',
    'R0',
    ['backup', 'approve-csr', 'verify', 'verify-graduated', 'follow-up'],
    (observation, kubelet) => {
      goodBootstrap(kubelet);
      observation.csrs = known([request()], '');
    },
  ],
  [
    'it has filed a second request while it waited',
    'C1',
    'R2a',
    ['backup', 'restart', 'approve-csr', 'verify', 'verify-graduated', 'follow-up'],
    (observation, kubelet) => {
      goodBootstrap(kubelet);
      observation.csrs = known([request(), request({ uid: 'second' })], '');
    },
  ],
  [
    'a request waits that it cannot have filed, since its credential is rejected',
    'C1',
    'R2b',
    ['backup', 'bootstrap', 'restart', 'approve-csr', 'verify', 'graduate', 'verify-graduated', 'follow-up'],
    (observation) => (observation.csrs = known([request()], '')),
  ],
  [
    'its request was approved long ago and never issued',
    'C2',
    'R2a',
    ['backup', 'restart', 'approve-csr', 'verify', 'verify-graduated', 'follow-up'],
    (observation, kubelet) => {
      goodBootstrap(kubelet);
      kubelet.unit.startedAt = secondsAfter(observedAt, -400);
      observation.csrs = known(
        [request({ state: 'Approved', createdAt: secondsAfter(observedAt, -300) })],
        '',
      );
    },
  ],
  [
    'a valid certificate still lies beside the missing one',
    'C3',
    'R1',
    ['backup', 'relink', 'restart', 'verify', 'graduate', 'verify-graduated'],
    (_, kubelet) => (kubelet.clientFiles = [older]),
  ],
  [
    'the bootstrap credential is good',
    'C4',
    'R2a',
    ['backup', 'restart', 'approve-csr', 'verify', 'verify-graduated', 'follow-up'],
    (_, kubelet) => goodBootstrap(kubelet),
  ],
  [
    'the bootstrap credential is a good client certificate, as an installation of today has it',
    'C4',
    'R2a',
    ['backup', 'restart', 'approve-csr', 'verify', 'verify-graduated', 'follow-up'],
    (_, kubelet) => {
      goodBootstrap(kubelet);
      const { bootstrap } = kubelet;
      delete bootstrap.tokenSubject;
      if (bootstrap.file.state === 'present')
        Object.assign(bootstrap.file, {
          credential: 'client-certificate-data',
          embeddedCommonName: 'system:serviceaccount:openshift-machine-config-operator:node-bootstrapper',
          embeddedOrganizations: ['system:serviceaccounts'],
          embeddedNotAfter: secondsAfter(observedAt, 8 * 365 * 86_400),
        });
    },
  ],
  [
    'there is no kubeconfig, and the bootstrap file names the server',
    'C5',
    'R2b',
    ['backup', 'bootstrap', 'restart', 'approve-csr', 'verify', 'graduate', 'verify-graduated', 'follow-up'],
    (_, kubelet) => (kubelet.kubeconfig = { state: 'missing' }),
  ],
  [
    'the file is corrupt',
    'C6',
    'R2b',
    ['backup', 'bootstrap', 'restart', 'approve-csr', 'verify', 'graduate', 'verify-graduated', 'follow-up'],
    (_, kubelet) => (kubelet.clientCertificate = { state: 'corrupt', detail: 'no private key in it' }),
  ],
  [
    'the certificate is of an authority that the API server does not know',
    'C6',
    'R2b',
    ['backup', 'bootstrap', 'restart', 'approve-csr', 'verify', 'graduate', 'verify-graduated', 'follow-up'],
    (_, kubelet) => {
      kubelet.clientCertificate = present();
      kubelet.clientFiles = [clientFile('master-1', { accepted: 'rejected' })];
      kubelet.identity = { accepted: 'rejected', detail: 'Unauthorized' };
    },
  ],
  [
    'the certificate is that of another node',
    'C7',
    'R2a',
    ['backup', 'restart', 'approve-csr', 'verify', 'verify-graduated', 'follow-up'],
    (_, kubelet) => {
      goodBootstrap(kubelet);
      kubelet.clientCertificate = present({ commonName: 'system:node:master-2' });
      kubelet.clientFiles = [clientFile('master-2', { accepted: 'unknown' })];
    },
  ],
  [
    'the bootstrap secret is gone, and we may file a request for the node',
    'C5',
    'R3',
    [
      'backup',
      'make-key',
      'file-request',
      'approve-request',
      'install-certificate',
      'restart',
      'verify',
      'verify-graduated',
      'follow-up',
    ],
    (observation) => noSecret(observation),
  ],
  [
    'we may approve nothing, and break-glass was asked for',
    'C5',
    'R4a',
    ['backup', 'admin-bootstrap', 'restart', 'verify', 'graduate', 'verify-graduated', 'follow-up'],
    (observation, kubelet, decision) => {
      if (observation.powers.known) observation.powers.value.approveRequests = false;
      kubelet.adminKubeconfigs = [adminFile];
      decision.request.breakGlass = true;
    },
  ],
  [
    'nobody can sign, and break-glass was asked for',
    'C5',
    'R4b',
    ['backup', 'follow-up', 'admin-kubeconfig', 'restart', 'verify-serving'],
    (observation, kubelet, decision) => {
      noSigner(observation);
      kubelet.adminKubeconfigs = [adminFile];
      decision.request.breakGlass = true;
    },
  ],
];

/** What an hour changes: the request that the plan was about is that of a kubelet that has left since. */
const asksAnew: Record<string, Rung> = {
  'a request waits that it cannot have filed, since its credential is rejected': 'R2b',
  'its request was approved long ago and never issued': 'R0',
};

for (const [what, kind, rung, steps, change] of climbs) {
  test(`${kind}, ${what}: rung ${rung}`, () => {
    const plan = planFor(change);
    assert.equal(plan.pins.rung, rung);
    assert.deepEqual(
      plan.steps.map(({ id }) => id),
      steps,
    );
    assert.match(plan.because, new RegExp(String.raw`\(class ${kind}\)\. Rung ${rung}: `));
    const points = plan.steps.filter(({ pointOfNoReturn }) => pointOfNoReturn);
    // Approving a request takes nothing away that an abort would have to bring back.
    assert.equal(points.length, rung === 'R0' ? 0 : 1);
  });

  const { [what]: anew } = asksAnew;
  test(`${kind}, ${what}: a vote an hour late ${anew ? 'is asked for anew' : 'still finds its plan'}`, () => {
    const verdict = decideChanged((observation, kubelet, decision) => {
      change(observation, kubelet, decision);
      hourLater(decision);
    });
    assert.ok(verdict.kind === 'proceed', verdict.because);
    assert.equal(verdict.digest !== digestOf(planFor(change)), anew !== undefined);
    assert.equal(planOf('KubeletAuthRecovery', verdict.plan).pins.rung, anew ?? rung);
  });
}

/** The kubelet has left by itself meanwhile, and with a credential that is accepted has filed anew what it had filed. */
function hourLater(decision: KubeletDecision): void {
  const before = decision.observation;
  const { unit, bootstrap } = kubeletOf(before, 'master-1');
  const later = laterLook(before, 3_600);
  const createdAt = kubeletOf(later, 'master-1').unit.startedAt ?? '';
  if (later.csrs.known && bootstrap.accepted === 'yes') {
    const own = later.csrs.value.filter(
      (csr) => Date.parse(csr.createdAt) >= Date.parse(unit.startedAt ?? ''),
    );
    for (const { uid } of own) later.csrs.value.push(request({ uid: `${uid}-anew`, createdAt }));
  }
  Object.assign(decision, { observation: later, now: later.at });
}

test('R4a takes the authority from the admin kubeconfig where the file that it replaces was the source', () => {
  const { pins } = planFor((observation, kubelet, decision) => {
    if (observation.powers.known) observation.powers.value.approveRequests = false;
    kubelet.kubeconfig = { state: 'missing' };
    kubelet.adminKubeconfigs = [{ ...adminFile, caSha256: 'cb'.repeat(32) }];
    decision.request.breakGlass = true;
  });
  assert.deepEqual([pins.rung, pins.source, pins.caSha256], ['R4a', adminFile.path, 'cb'.repeat(32)]);
});
