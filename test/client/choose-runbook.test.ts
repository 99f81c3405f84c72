import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure } from '../../client/failure.ts';
import type { Gateway } from '../../client/gateway.ts';
import type { Finding, FindingCode } from '../../domain/finding.ts';
import { cpr } from './support/console.ts';
import { run, runThrough } from './support/runs.ts';
import { healthCheck, waiting } from './support/states.ts';

describe('cpr recover starts', () => {
  const kubelet = finding('KubeletClientCredentialLost', 'KubeletAuthRecovery', 'master-2');
  const etcd = finding('EtcdMemberDataLost', 'EtcdRecovery', 'master-2');

  it('EtcdRecovery, where a look finds a member that it mends', async () => {
    assert.equal(await startedFor([etcd]), 'EtcdRecovery');
  });

  it('KubeletAuthRecovery first, where the kubelet of the same master has lost itself too', async () => {
    assert.equal(await startedFor([etcd, kubelet]), 'KubeletAuthRecovery');
  });

  it('the runbook of the named master, whatever is wrong elsewhere', async () => {
    const elsewhere = { ...kubelet, node: 'master-1' };
    assert.equal(await startedFor([elsewhere, etcd], 'recover lab --node master-2'), 'EtcdRecovery');
  });

  it('EtcdRecovery, to hear why it refuses, where a member is bad and nobody knows why', async () => {
    const { remedy: _, ...found } = finding('EtcdMemberUnhealthy', 'EtcdRecovery', 'master-2');
    const unknown: Finding = { ...found, remedy: { page: 'docs/findings.md' } };
    assert.equal(await startedFor([unknown], 'recover lab', { etcd: {} }), 'EtcdRecovery');
    assert.equal(await startedFor([unknown]), 'KubeletAuthRecovery', 'without an etcd operator');
  });

  it('the runbook that is named, without looking first', async () => {
    const looked = { diagnose: () => Promise.reject(new Error('nobody asked for a look')) };
    assert.equal(await started('recover lab --runbook EtcdRecovery', looked), 'EtcdRecovery');
  });

  it('and joins the open one with its own runbook, without looking first', async () => {
    const open = { newestRun: async () => ({ ...run, runbook: 'EtcdRecovery' }) };
    const looked = { diagnose: () => Promise.reject(new Error('nobody asked for a look')) };
    assert.equal(await started('recover lab', { ...open, ...looked }), 'EtcdRecovery');
  });

  it('the first one, and says so, when the look does not come about', async () => {
    const silent = failure('TimedOut', { what: 'No answer about lab within 60 s.' });
    const gateway = { newestRun: async () => undefined, diagnose: () => Promise.reject(silent) };
    assert.equal(await started('recover lab', gateway), 'KubeletAuthRecovery');
  });

  it('nothing, for a runbook that does not exist', async () => {
    const { code, err } = await cpr('recover lab --runbook Reboot', runThrough(waiting()));
    assert.equal(code, 2);
    assert.match(err, /EtcdRecovery/);
  });
});

async function startedFor(findings: Finding[], line = 'recover lab', more = {}): Promise<string> {
  const found = { ...healthCheck(findings), ...more };
  return await started(line, { newestRun: async () => undefined, diagnose: async () => found });
}

async function started(line: string, gateway: Partial<Gateway>): Promise<string> {
  const asked: string[] = [];
  const { err } = await cpr(line, {
    ...runThrough(waiting()),
    ...gateway,
    startRecovery: async (_request, runbook = 'KubeletAuthRecovery') => {
      asked.push(runbook);
      return { ...run, started: true };
    },
  });
  assert.equal(asked.length, 1, err);
  return asked[0] ?? '';
}

function finding(code: FindingCode, runbook: 'EtcdRecovery' | 'KubeletAuthRecovery', node: string): Finding {
  return {
    code,
    severity: 'critical',
    node,
    sentence: `Something is wrong with ${node}.`,
    evidence: [{ fact: 'seen', source: 'a look' }],
    remedy: { runbook, target: node },
  };
}
