import type { Gate } from '../../../domain/approval.ts';
import type { Finding } from '../../../domain/finding.ts';
import type { Plan } from '../../../domain/plan.ts';
import type { Outcome, RunState, StepState } from '../../../domain/run.ts';
import type { HealthCheckResult } from '../../../workflows/messages.ts';

/** Runs as a person meets them: a healthy story, and what is different about each. Every call gives fresh objects. */
export const startedAt = '2026-11-22T03:00:00.000Z';
/** When the tests' clock stands: five minutes after the start. */
export const now = Date.parse('2026-11-22T03:05:00.000Z');
export const digest = '3f9a0b12c4d5'.padEnd(64, 'e');

function plan(): Plan {
  return {
    runbook: 'KubeletAuthRecovery',
    cluster: 'lab',
    target: 'master-1',
    because: 'The kubelet of master-1 has no client certificate and its bootstrap credential is rejected.',
    steps: [
      {
        id: 'backup',
        sentence: "Back up the kubelet's credentials on master-1",
        target: 'master-1',
        changes: [
          {
            what: '/var/lib/kubelet-recovery/0a1b2c',
            from: 'absent',
            to: 'a copy with a manifest of hashes',
          },
        ],
        risk: 'reversible',
        undo: 'nothing to undo: it only adds a copy',
        proof: 'the hashes of the copy are those of the originals',
      },
      {
        id: 'restart',
        sentence: 'Restart the kubelet on master-1',
        target: 'master-1',
        changes: [{ what: 'kubelet.service', from: 'running', to: 'started anew' }],
        risk: 'reversible',
        undo: 'not needed: no container is stopped by it',
        proof: 'another InvocationID',
        pointOfNoReturn: true,
      },
      {
        id: 'approve-csr',
        sentence: 'Approve the one request of master-1 that was not there before the restart',
        target: 'master-1',
        changes: [{ what: 'the one matching CertificateSigningRequest', from: 'Pending', to: 'Approved' }],
        risk: 'irreversible',
        proof: 'it is issued',
      },
    ],
    proof: ['The node is Ready'],
    residualRisk: ['A short-lived token stays valid for up to one hour'],
    pins: {
      runId: '0a1b2c',
      server: 'https://api-int.lab.test:6443',
      caSha256: 'ca'.repeat(32),
      bootstrapSha256: 'b0'.repeat(32),
      scripts: { 'back-up-kubelet.sh': '5c'.repeat(32) },
      csr: {
        requester: 'system:serviceaccount:openshift-machine-config-operator:node-bootstrapper',
        commonName: 'system:node:master-1',
        organizations: ['system:nodes'],
        usages: ['digital signature', 'client auth'],
      },
    },
  };
}

export function gate(): Gate {
  return {
    id: 'plan-1',
    nonce: '5b0c7d1e-0000-4000-8000-000000000001',
    digest,
    mode: 'open',
    subject: {
      kind: 'vote',
      cluster: 'lab',
      workflow: 'recovery/lab',
      firstRun: '5b0c7d1e-0000-4000-8000-0000000000ff',
      plan: digest,
      nonce: '5b0c7d1e-0000-4000-8000-000000000001',
    },
    risk: 'reversible',
    votesNeeded: 1,
    requester: 'anna',
    opened: '2026-11-22T03:00:04.000Z',
    deadline: '2026-11-22T04:00:04.000Z',
    votes: [],
  };
}

export function observing(): RunState {
  return {
    runbook: 'KubeletAuthRecovery',
    cluster: 'lab',
    node: 'master-1',
    requester: 'anna@bastion',
    startedAt,
    workflow: 'recovery/lab',
    firstRun: '5b0c7d1e-0000-4000-8000-0000000000ff',
    nonce: '5b0c7d1e-0000-4000-8000-000000000002',
    phase: 'observing',
    approvals: 'open',
    steps: [],
    refused: [],
    refusedCount: 0,
    timeline: [{ at: startedAt, text: 'anna@bastion asked to recover master-1' }],
  };
}

export function waiting(): RunState {
  const state = observing();
  return {
    ...state,
    phase: 'waiting-for-approval',
    plan: plan(),
    digest,
    gate: gate(),
    steps: steps('pending', 'pending', 'pending'),
    timeline: [
      ...state.timeline,
      { at: '2026-11-22T03:00:04.000Z', text: 'Gate plan-1 is open: 1 approval is needed' },
    ],
  };
}

export function acting(): RunState {
  const state = waiting();
  const [backup, restart, approve] = steps('done', 'running', 'pending');
  return {
    ...state,
    phase: 'acting',
    steps: [
      {
        ...backup!,
        startedAt: '2026-11-22T03:04:00.000Z',
        endedAt: '2026-11-22T03:04:02.000Z',
        note: 'Copied 4 files',
      },
      { ...restart!, startedAt: '2026-11-22T03:04:58.000Z' },
      approve!,
    ],
    timeline: [
      ...state.timeline,
      { at: '2026-11-22T03:03:59.000Z', text: 'Approved by anna@bastion: 1 of 1' },
    ],
  };
}

export function blocked(): RunState {
  const state = acting();
  return {
    ...state,
    phase: 'blocked',
    steps: steps('done', 'blocked', 'pending'),
    blocked: {
      stepId: 'restart',
      error: 'ssh: connect to host 10.78.0.12 port 22: Connection refused',
      errorType: 'NodeUnreachable',
      since: '2026-11-22T03:04:59.000Z',
      nonce: '5b0c7d1e-0000-4000-8000-000000000003',
      choices: ['retry', 'abort'],
      advice: 'Make master-1 reachable by ssh, then retry.',
    },
  };
}

export function ended(status: Outcome['status'], more: Partial<Outcome> = {}): RunState {
  const outcome: Outcome = {
    status,
    sentence: `It ended as ${status}.`,
    evidence: [{ fact: 'the node is Ready', source: 'GET nodes/master-1' }],
    votes: [],
    endedAt: '2026-11-22T03:04:59.000Z',
    ...more,
  };
  return { ...acting(), phase: 'closed', steps: steps('done', 'done', 'done'), outcome };
}

function steps(...states: StepState['state'][]): StepState[] {
  return plan().steps.map(({ id, sentence }, index) => ({ id, sentence, state: states[index] ?? 'pending' }));
}

export function incident(): Finding {
  return {
    code: 'KubeletClientCredentialLost',
    severity: 'critical',
    node: 'master-1',
    sentence:
      'The kubelet of master-1 has no client certificate and its bootstrap credential is rejected: it speaks to the API as system:anonymous, so its mirror pods are gone.',
    evidence: [
      {
        fact: '/var/lib/kubelet/pki/kubelet-client-current.pem is missing',
        source: 'ssh master-1: observe-kubelet.sh',
      },
      {
        fact: 'the credential in /etc/kubernetes/kubeconfig is rejected: Unauthorized',
        source: 'ssh master-1: kubectl auth can-i',
      },
    ],
    remedy: { runbook: 'KubeletAuthRecovery', target: 'master-1' },
  };
}

export function healthCheck(findings: Finding[] = []): HealthCheckResult {
  return {
    cluster: 'lab',
    at: '2026-11-22T03:04:58.000Z',
    healthy: findings.length === 0,
    findings,
    cost: { apiCalls: 12, bytes: 48_213, milliseconds: 1840 },
  };
}
