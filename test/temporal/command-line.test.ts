import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { runCommandLine } from '../../client/command-line.ts';
import type { RunState } from '../../domain/run.ts';
import { fakeConsole, type Ran } from '../client/support/console.ts';
import { brokenCluster, healthyCluster } from '../simulator/state.ts';
import { until } from './support/processes.ts';
import { serveClusters, type Recoveries } from './support/recoveries.ts';

const names = ['cli-healthy', 'cli-broken', 'cli-rejected', 'cli-blocked', 'cli-dry', 'cli-late'];

describe('cpr, against a real Temporal server', { concurrency: 4, timeout: 540_000 }, () => {
  let recoveries: Recoveries;
  before(async () => {
    recoveries = await serveClusters(names);
  });
  after(() => recoveries.close());

  function cpr(line: string, env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    return typed(line, { TEMPORAL_ADDRESS: recoveries.temporal.server.address, ...env });
  }

  it('diagnoses a healthy cluster and refuses to recover it', async () => {
    recoveries.host(healthyCluster('cli-healthy'));
    const looked = await cpr('diagnose cli-healthy');
    assert.equal(looked.code, 0, looked.err);
    assert.match(looked.out, /cli-healthy: healthy/);
    const refused = await cpr('recover cli-healthy --node master-1');
    assert.equal(refused.code, 5, refused.err);
    assert.match(refused.out, /refused \(NodeHealthy\)/);
  });

  it('finds the incident, stops at the gate, approves exactly that plan, and follows it to the report', async () => {
    const { cluster } = recoveries.host(brokenCluster('cli-broken'));
    const looked = await cpr('diagnose cli-broken');
    assert.equal(looked.code, 3, looked.err);
    assert.match(looked.out, /KubeletClientCredentialLost on master-1/);

    const started = await cpr('recover cli-broken -o json');
    assert.equal(started.code, 6, started.err);
    const { digest = '' } = (JSON.parse(started.out) as { state: RunState }).state;

    const joined = await cpr('recover cli-broken');
    assert.equal(joined.code, 6);
    assert.match(joined.err, /joined it/);
    assert.equal((await cpr('recover cli-broken --node master-2')).code, 5);
    assert.equal((await cpr('status cli-broken')).code, 6);
    // Temporal's list of runs may lag by a second.
    await until(async () => /cli-broken +master-1 +waiting-for-approval/.test((await cpr('status')).out));
    assert.equal((await cpr('approve cli-broken --digest 000000000000')).code, 5);
    assert.deepEqual(cluster.effects, []);

    const approved = await cpr(`approve cli-broken --digest ${digest.slice(0, 12)} --wait`);
    assert.equal(approved.code, 0, approved.err);
    assert.match(approved.out, /cli-broken: healed/);
    const report = await cpr('report cli-broken');
    assert.match(report.out, /^# KubeletAuthRecovery: master-1 of cli-broken/);
    assert.match(report.out, /anna@bastion/);
  });

  it('rejects, and says how it ended', async () => {
    recoveries.host(brokenCluster('cli-rejected'));
    await cpr('recover cli-rejected');
    const rejected = await cpr("reject cli-rejected --reason 'replaced today'");
    assert.equal(rejected.code, 0, rejected.err);
    assert.equal((await cpr('watch cli-rejected')).code, 2);
    const late = await cpr("reject cli-rejected --reason 'again'");
    assert.equal(late.code, 1);
    assert.match(late.err, /No recovery of cli-rejected is open; the last one ended/);
  });

  it('shows a blocked step and what can be decided, retries it, and goes on', async () => {
    const simulator = recoveries.host(brokenCluster('cli-blocked'));
    simulator.fail('backUpKubelet', 'NodeScriptFailed');
    const started = await cpr('recover cli-blocked -o json');
    const { digest = '' } = (JSON.parse(started.out) as { state: RunState }).state;
    await cpr(`approve cli-blocked --digest ${digest}`);
    let status = await cpr('status cli-blocked');
    while (!status.out.includes('Step backup failed')) status = await cpr('status cli-blocked');
    assert.equal(status.code, 6);
    assert.match(status.out, /NodeScriptFailed/);
    assert.match(status.out, /cpr resolve cli-blocked retry/);
    const resolved = await cpr("resolve cli-blocked retry --reason 'made room'");
    assert.equal(resolved.code, 0, resolved.err);
    const watched = await cpr('watch cli-blocked');
    assert.equal(watched.code, 0, `${watched.out}\n${watched.err}`);
  });

  it('makes only a plan on a dry run', async () => {
    const { cluster } = recoveries.host(brokenCluster('cli-dry'));
    const { code, out, err } = await cpr('recover cli-dry --dry-run');
    assert.equal(code, 0, err);
    assert.match(out, /1\. backup \[reversible\]/);
    assert.deepEqual(cluster.effects, []);
  });

  it('sets, shows, pauses and deletes a schedule', async () => {
    assert.match((await cpr('schedule set cli-late --every 1h')).out, /created/);
    assert.match((await cpr('schedule set cli-late --every 2h')).out, /changed/);
    assert.match((await cpr("schedule pause cli-late --reason 'upgrade'")).out, /paused/);
    assert.match(
      (await cpr('schedule show cli-late')).out,
      /every 2 h, paused\nnote {3}upgrade \(anna@bastion\)/,
    );
    assert.equal((await cpr('schedule delete cli-late')).code, 0);
    assert.equal((await cpr('schedule show cli-late')).code, 1);
  });

  it('says within seconds that nobody serves a cluster', async () => {
    const { code, err } = await cpr('diagnose nowhere');
    assert.equal(code, 1);
    assert.match(err, /No worker answers on queue cluster\/nowhere\./);
  });

  it('says within seconds that there is no server', async () => {
    const { code, err } = await cpr('status', { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    assert.equal(code, 1);
    assert.match(err, /Temporal does not answer at 127\.0\.0\.1:1/);
  });

  it('names a namespace that is not there', async () => {
    const { code, err } = await cpr('status', { TEMPORAL_NAMESPACE: 'nowhere' });
    assert.equal(code, 1);
    assert.match(err, /has no namespace nowhere/);
  });

  it('names a profile that is not there', async () => {
    const { code, err } = await cpr('status', { TEMPORAL_PROFILE: 'nowhere' });
    assert.equal(code, 2, err);
  });
});

/** As a person types it, with the product's own connection and no inventory. */
async function typed(line: string, env: NodeJS.ProcessEnv): Promise<Ran> {
  const terminal = fakeConsole({ env: { TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml', ...env } });
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
  // The server's clock is the real one, and a vote says by when it was given.
  const io = { ...terminal.io, now: Date.now };
  const code = await runCommandLine(words, io, { inventory: async () => undefined, pollMs: 100 });
  return { code, out: terminal.out(), err: terminal.err() };
}
