import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure } from '../../client/failure.ts';
import type { Gateway } from '../../client/gateway.ts';
import type { AbortRequest, RecoveryRequest } from '../../domain/run.ts';
import { cpr, fakeConsole, inventory } from './support/console.ts';
import { run, runThrough } from './support/runs.ts';
import { acting, ended, observing, waiting } from './support/states.ts';
import { runCommandLine } from '../../client/command-line.ts';

describe('cpr recover', () => {
  it('stops at the gate, shows the plan, and says every way to answer', async () => {
    const { code, out } = await cpr('recover lab', runThrough(observing(), waiting()));
    assert.equal(code, 6);
    assert.match(out, /1\. backup \[reversible\]/);
    assert.match(out, /cpr approve lab --digest 3f9a0b12c4d5/);
    assert.match(out, /cpr reject lab --reason/);
    assert.match(out, /http:\/\/ui\.test\/namespaces\/default\/workflows\/recovery%2Flab\//);
  });

  it('asks in the name of whoever types it', async () => {
    const { gateway, requests } = recorded(runThrough(waiting()));
    await cpr('recover lab --node master-1', gateway);
    await cpr('recover lab --by eva', gateway);
    assert.deepEqual(requests, [
      { cluster: 'lab', node: 'master-1', requester: 'anna@bastion', origin: 'cli' },
      { cluster: 'lab', requester: 'eva', origin: 'cli' },
    ]);
  });

  it('says that it joined the recovery that is open', async () => {
    const gateway = { ...runThrough(waiting()), startRecovery: async () => ({ ...run, started: false }) };
    const { code, err } = await cpr('recover lab', gateway);
    assert.equal(code, 6);
    assert.match(err, /is open already; joined it/);
  });

  it('of a dry run that joined shows the plan and leaves', async () => {
    const gateway = { ...runThrough(acting()), startRecovery: async () => ({ ...run, started: false }) };
    const { code } = await cpr('recover lab --dry-run', gateway);
    assert.equal(code, 0);
  });

  it("starts its own once somebody's dry run is out of the way", async () => {
    const { gateway, requests } = recorded(runThrough(ended('dry-run'), waiting()));
    const { code } = await cpr('recover lab', gateway);
    assert.equal(requests.length, 2);
    assert.equal(code, 6);
  });

  it('with --wait goes on to the end', async () => {
    const gateway = runThrough(waiting(), acting(), ended('healed'));
    const { code, err, out } = await cpr('recover lab --wait', gateway);
    assert.equal(code, 0);
    assert.match(err, /03:03:59 {2}Approved by anna@bastion/);
    assert.match(out, /lab: healed/);
  });

  it('tells everything once', async () => {
    const gateway = runThrough(waiting(), acting(), acting(), acting(), ended('healed'));
    const { err } = await cpr('recover lab --wait', gateway);
    assert.equal(err.match(/Approved by anna@bastion/g)?.length, 1);
  });

  it('prints one JSON object and nothing else', async () => {
    const { out, err } = await cpr('recover lab -o json', runThrough(observing(), waiting()));
    const printed = JSON.parse(out) as { workflowId: string; state: { phase: string } };
    assert.equal(printed.workflowId, 'recovery/lab');
    assert.equal(printed.state.phase, 'waiting-for-approval');
    assert.equal(err, '');
  });

  it('stops following when its time is over, and says that the recovery goes on', async () => {
    const { code, err } = await cpr('recover lab --timeout 20ms', runThrough(observing()));
    assert.equal(code, 7);
    assert.match(err, /The recovery goes on/);
  });

  it('says why a run that failed has no result', async () => {
    const terminated = failure('RunFailed', { what: 'It was terminated from outside.' });
    const gateway: Partial<Gateway> = {
      ...runThrough(observing()),
      newestRun: async () => ({ ...run, status: 'TERMINATED' }),
      state: () => Promise.reject(failure('NoWorker', { what: 'No worker answers.' })),
      result: () => Promise.reject(terminated),
    };
    const { code, err } = await cpr('recover lab', gateway);
    assert.equal(code, 1);
    assert.match(err, /terminated from outside/);
  });
});

describe('cpr recover --supersede', () => {
  it('ends the run that waits, and starts another one when it has', async () => {
    const { gateway, requests } = recorded(runThrough(waiting()));
    const superseded: AbortRequest[] = [];
    const looks = ['RUNNING', 'RUNNING', 'COMPLETED'];
    const { code, err } = await cpr("recover lab --supersede --reason 'wrong node'", {
      ...gateway,
      newestRun: async () => ({ ...run, status: looks.length > 1 ? looks.shift()! : looks[0]! }),
      supersede: async (_run, request) => {
        assert.deepEqual(requests, [], 'the lock is still taken');
        superseded.push(request);
        return 'The run makes room.';
      },
    });
    assert.equal(code, 6, err);
    assert.match(err, /makes room/);
    const [said] = superseded;
    assert.deepEqual([said?.by, said?.reason, said?.kind], ['anna@bastion', 'wrong node', 'supersede']);
    assert.equal(requests.length, 1);
  });

  it('leaves a run alone that has acted, and says what to do instead', async () => {
    const { gateway, requests } = recorded(runThrough(acting()));
    const { code, err } = await cpr("recover lab --supersede --reason 'x'", gateway);
    assert.equal(code, 5);
    assert.match(err, /has acted already/);
    assert.match(err, /cpr abort lab/);
    assert.deepEqual(requests, []);
  });

  it('without an open run just starts', async () => {
    const { gateway, requests } = recorded(runThrough(waiting()));
    const { code } = await cpr("recover lab --supersede --reason 'x'", {
      ...gateway,
      newestRun: async () => undefined,
    });
    assert.equal(code, 6);
    assert.equal(requests.length, 1);
  });

  it('needs a reason, and a reason needs it', async () => {
    assert.equal((await cpr('recover lab --supersede')).code, 2);
    assert.equal((await cpr("recover lab --reason 'x'")).code, 2);
  });
});

describe('cpr watch', () => {
  it('prints every change as one line of JSON', async () => {
    const { out } = await cpr(
      'watch lab -o json',
      runThrough(waiting(), waiting(), waiting(), acting(), ended('healed')),
    );
    const phases = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { phase: string }).phase);
    assert.deepEqual(phases, ['waiting-for-approval', 'acting', 'closed']);
  });

  it('leaves on Ctrl-C, and says that the recovery goes on', async () => {
    const terminal = fakeConsole();
    const gateway = {
      ...runThrough(waiting()),
      place: { address: 'x', namespace: 'default' },
      close: async () => {},
    };
    const watching = runCommandLine(['watch', 'lab'], terminal.io, {
      connect: async () => gateway as Gateway,
      inventory: async () => inventory,
      pollMs: 1,
    });
    setTimeout(terminal.interrupt, 20);
    assert.equal(await watching, 2);
    assert.match(terminal.err(), /the recovery goes on/);
  });
});

describe('a followed recovery', () => {
  it('is left at once on Ctrl-C, also while nobody answers', async () => {
    const terminal = fakeConsole();
    const gateway = {
      ...runThrough(waiting()),
      place: { address: 'x', namespace: 'default' },
      state: () => new Promise<never>(() => {}),
      close: async () => {},
    };
    const following = runCommandLine(['recover', 'lab'], terminal.io, {
      connect: async () => gateway as Gateway,
      inventory: async () => inventory,
    });
    setTimeout(terminal.interrupt, 20);
    assert.equal(await following, 2);
  });

  it('survives a server that is away for a while', async () => {
    const away = failure('TemporalUnreachable', { what: 'Temporal stopped answering.' });
    const answers = [() => Promise.reject(away), () => Promise.reject(away), async () => waiting()];
    const gateway = {
      ...runThrough(waiting()),
      state: () => (answers.length > 1 ? answers.shift()! : answers[0]!)(),
      newestRun: () => Promise.reject(away),
    };
    const { code, err } = await cpr('recover lab --runbook KubeletAuthRecovery', gateway);
    assert.equal(code, 6);
    assert.equal(err.match(/stopped answering/g)?.length, 1);
  });
});

function recorded(gateway: Partial<Gateway>): { gateway: Partial<Gateway>; requests: RecoveryRequest[] } {
  const requests: RecoveryRequest[] = [];
  const startRecovery: Gateway['startRecovery'] = async (request) => {
    requests.push(request);
    return { ...run, started: true };
  };
  return { gateway: { ...gateway, startRecovery }, requests };
}
