import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isFailure } from '../../../activities/failure.ts';
import type { ActivityErrorType } from '../../../activities/contract.ts';
import { approvedOnly, type NodeScriptCall } from '../../../activities/connections/node-lane.ts';
import { scriptHashes, scriptText } from '../../../activities/node-scripts/scripts.ts';
import { laneBy } from '../support/fake-node.ts';

const call: NodeScriptCall = {
  node: 'master-1',
  script: 'back-up-kubelet.sh',
  runId: 'run-1',
  args: ['master-1'],
  timeoutMs: 10_000,
};
/** Shell text: what the script would have said, with the nonce that it was sent. */
const nonce = `nonce=$(sed -n "s/^CPR_NONCE='\\(.*\\)'$/\\1/p" <<<"$(cat)")`;
const begin = 'echo "@@cpr-begin run-1 back-up-kubelet $nonce"';
const result = (rest: string) => `echo "@@cpr-result run-1 back-up-kubelet $nonce ${rest}"`;
/** `key=value`, as the prelude sends it. */
const values = (...pairs: string[]) =>
  Buffer.from(pairs.map((pair) => `${pair}\0`).join('')).toString('base64');

describe('the ssh lane', { concurrency: 4 }, () => {
  it('hands back what the script said and ignores everything around it', async (t) => {
    const lane = laneBy(
      t,
      'master-1',
      [nonce, 'echo Welcome to RHCOS', begin, result(`ok ${values('a=x\ny')}`), 'echo bye'].join('\n'),
    );
    assert.deepEqual({ ...(await lane.run(call)) }, { a: 'x\ny' });
  });

  const failures: { name: string; ssh: string[]; type: ActivityErrorType; says: RegExp }[] = [
    {
      name: 'exit 255 is unreachable',
      ssh: ['echo "ssh: connect to host 10.0.0.12 port 22: Connection refused" >&2', 'exit 255'],
      type: 'NodeUnreachable',
      says: /Connection refused/,
    },
    {
      name: 'exit 255 in mid-script is unreachable, never failed',
      ssh: [nonce, begin, 'exit 255'],
      type: 'NodeUnreachable',
      says: /connection lost/,
    },
    {
      name: 'an end without a result is an unknown outcome',
      ssh: [nonce, begin, 'exit 0'],
      type: 'OutcomeUnknown',
      says: /without its result/,
    },
    {
      name: 'a refused sudo is an unknown outcome, with its words',
      ssh: ['echo "sudo: a password is required" >&2', 'exit 1'],
      type: 'OutcomeUnknown',
      says: /password is required/,
    },
    {
      name: 'a killed script is an unknown outcome',
      ssh: [nonce, begin, 'kill -9 $$'],
      type: 'OutcomeUnknown',
      says: /killed by a signal/,
    },
    {
      name: 'the result of another call does not count',
      ssh: [nonce, begin, 'nonce=0000', result('ok')],
      type: 'OutcomeUnknown',
      says: /without its result/,
    },
    {
      name: 'two results are none',
      ssh: [nonce, begin, result('ok'), result('ok')],
      type: 'OutcomeUnknown',
      says: /without its result/,
    },
    {
      name: 'a result in another form is none',
      ssh: [nonce, begin, result('fine')],
      type: 'OutcomeUnknown',
      says: /without its result/,
    },
    {
      name: 'a script that says it failed has failed, in its words',
      ssh: [nonce, begin, result(`failed ${values('error=No space left on device')}`)],
      type: 'NodeScriptFailed',
      says: /master-1: back-up-kubelet: No space left/,
    },
    {
      name: 'a precondition that does not hold',
      ssh: [nonce, begin, result(`precondition ${values('error=it changed')}`)],
      type: 'PreconditionFailed',
      says: /it changed/,
    },
    {
      name: 'a held lock is an unknown outcome',
      ssh: [nonce, begin, result(`busy ${values('error=lock')}`)],
      type: 'OutcomeUnknown',
      says: /lock/,
    },
  ];
  for (const { name, ssh, type, says } of failures) {
    it(name, async (t) => {
      const lane = laneBy(t, 'master-1', ssh.join('\n'));
      await assert.rejects(lane.run(call), (error: Error) => {
        assert.match(error.message, says);
        return isFailure(error, type);
      });
    });
  }

  it('cuts a call that hangs before the script began: unreachable', async (t) => {
    const lane = laneBy(t, 'master-1', 'exec sleep 60');
    await assert.rejects(lane.run({ ...call, timeoutMs: 200 }), (error) =>
      isFailure(error, 'NodeUnreachable'),
    );
  });

  it('cuts a script that hangs, with the children that ssh left: unknown', async (t) => {
    const lane = laneBy(t, 'master-1', [nonce, begin, 'sleep 60 & wait'].join('\n'));
    await assert.rejects(lane.run({ ...call, timeoutMs: 700 }), (error) =>
      isFailure(error, 'OutcomeUnknown'),
    );
  });

  it('cuts a node that never stops talking', async (t) => {
    const lane = laneBy(t, 'master-1', [nonce, begin, 'exec yes'].join('\n'));
    await assert.rejects(lane.run(call), /more than \d+ bytes/);
  });

  it('ends at once when it is told to', async (t) => {
    const lane = laneBy(t, 'master-1', 'exec sleep 60');
    const abort = new AbortController();
    const running = lane.run({ ...call, signal: abort.signal });
    setImmediate(() => abort.abort(new Error('cancelled')));
    await assert.rejects(running, /cancelled/);
  });

  it('dials the address of the inventory under the name of the node, with host keys checked', async (t) => {
    const lane = laneBy(
      t,
      'master-1',
      [
        nonce,
        begin,
        `${result('ok')}" "$( (printf args=; printf '%s\\n' "$@"; printf '\\0') | base64 -w0)`,
      ].join('\n'),
    );
    const said = ((await lane.run(call))['args'] ?? '').trim().split('\n');
    for (const option of [
      'BatchMode=yes',
      'StrictHostKeyChecking=yes',
      'HostName=10.0.0.12',
      'ForwardAgent=no',
    ]) {
      assert.ok(said.includes(option), option);
    }
    assert.deepEqual(said.slice(0, 2), ['-F', '/etc/cpr/ssh_config']);
    assert.deepEqual(said.slice(-5), ['-l', 'core', '--', 'master-1', 'sudo -n -- /bin/bash -s']);
  });

  it('sends a secret on standard input only', async (t) => {
    const lane = laneBy(
      t,
      'master-1',
      [
        nonce,
        begin,
        `${result('ok')}" "$( (printf args=; printf '%s\\n' "$@"; tr '\\0' '\\n' </proc/self/environ; printf '\\0') | base64 -w0)`,
      ].join('\n'),
    );
    const { args = '' } = await lane.run({ ...call, input: 'the-secret' });
    assert.doesNotMatch(args, /the-secret|dGhlLXNlY3JldA/);
  });

  for (const runId of ['../up', 'a/b', '', '-rf', 'x y', 'a\nb']) {
    it(`takes no run id that is not a plain name: ${JSON.stringify(runId)}`, async (t) => {
      await assert.rejects(laneBy(t, 'master-1', 'exit 0').run({ ...call, runId }), (error) =>
        isFailure(error, 'PreconditionFailed'),
      );
    });
  }

  it('sends no script but one with the approved hash, where hashes were approved', async (t) => {
    const talk = [nonce, begin, result(`ok ${values('a=x')}`)].join('\n');
    const lane = laneBy(t, 'master-1', talk);
    await approvedOnly(lane, scriptHashes()).run(call);
    for (const approved of [{}, { ...scriptHashes(), 'back-up-kubelet.sh': 'f'.repeat(64) }]) {
      await assert.rejects(approvedOnly(lane, approved).run(call), (error: Error) => {
        assert.match(error.message, /back-up-kubelet.sh is not the one that was approved/);
        return isFailure(error, 'PreconditionFailed');
      });
    }
    await approvedOnly(lane, undefined).run(call);
  });

  it('knows only the masters of the inventory', async (t) => {
    for (const node of ['master-2', '', 'master', '__proto__', 'constructor']) {
      await assert.rejects(laneBy(t, 'master-1', 'exit 0').run({ ...call, node }), (error) =>
        isFailure(error, 'UnknownNode'),
      );
    }
  });
});

describe('the text of a node script', () => {
  const sent = { runId: 'run-1', step: 's', nonce: 'n', args: [`it's`, '$(reboot)', '`x`'], input: 'secret' };

  it('does nothing unless it arrived whole', async (t) => {
    const text = scriptText('back-up-kubelet.sh', sent);
    const half = laneBy(
      t,
      'master-1',
      `head -c ${Math.floor(text.length / 2)} | CPR_ROOT=/nonexistent bash -s`,
    );
    await assert.rejects(half.run(call), (error: Error) => {
      assert.match(error.message, /syntax error|unexpected (end|EOF)/);
      return isFailure(error, 'OutcomeUnknown');
    });
  });

  it('takes arguments as they are, whatever stands in them', () => {
    const line = scriptText('back-up-kubelet.sh', sent)
      .split('\n')
      .find((one) => one.startsWith('set -- '));
    assert.equal(line, `set -- 'it'\\''s' '$(reboot)' '\`x\`'`);
  });

  it('has a hash by which a vote covers it', () => {
    for (const [name, hash] of Object.entries(scriptHashes())) assert.match(hash, /^[0-9a-f]{64}$/, name);
  });
});
