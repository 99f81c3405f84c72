import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { waitUntil } from '../../lab/cluster/wait.ts';
import { resolveStepUpdate } from '../../workflows/messages.ts';
import { untilGate, untilState, type Recovery } from '../temporal/support/recoveries.ts';
import { requireHealthy, whileBroken } from '../lab/support/broken.ts';
import { fingerprint } from '../lab/support/fingerprint.ts';
import { faultsOf, rememberHealthy } from '../lab/support/node-proof.ts';
import { reached } from '../lab/support/reached.ts';
import { makeSshShim } from '../lab/support/ssh-shim.ts';
import { ended } from '../lab/support/stage.ts';
import { kubeletStarts, notes } from '../lab/support/times.ts';
import { approveAll, ownStage, whileAllBroken } from './support/kubelet-lab.ts';

const node = 'master-1';
const stage = await ownStage();
const { lab } = stage;
const shim = makeSshShim();
after(() => shim.remove());
const worker = { path: shim.directory };

/** Which faults lead to which acts; each act is disturbed at its worst moment. */
const ways = [
  {
    faults: ['kubelet-anonymous'],
    scripts: ['back-up-kubelet', 'install-bootstrap', 'restart-kubelet', 'conclude-run'],
  },
  { faults: ['bootstrap-rejected', 'kubelet-certificate-unlinked'], scripts: ['relink-certificate'] },
  { faults: ['kubelet-admin-identity'], scripts: ['withdraw-admin'] },
  { faults: ['kubelet-certificate-deleted'], scripts: ['make-kubelet-key', 'install-certificate'] },
];

for (const { faults, scripts } of ways) {
  for (const script of scripts) {
    test(`ssh breaks in the middle of ${script}: its outcome is found out, and it is done once`, () =>
      healsAlthough(
        faults,
        () => shim.cutAt({ script, when: 'begun', address: lab.address(node) }),
        (recovery) => reached(shim, recovery),
      ));
  }
}

for (const { faults, scripts } of ways) {
  for (const script of scripts) {
    test(`the worker is killed when ${script} has ended and nobody has heard of it: it is done once`, () =>
      healsAlthough(
        faults,
        () => shim.killAt({ script, when: 'ended', address: lab.address(node) }),
        async (recovery) => {
          await reached(shim, recovery);
          await stage.startWorker(worker);
        },
      ));
  }
}

/** Something goes wrong once after the approval; the recovery heals all the same, and no act was done twice. */
async function healsAlthough(
  faults: string[],
  disturb: () => void,
  disturbed: (recovery: Recovery) => Promise<unknown>,
): Promise<void> {
  await stage.endRecovery();
  await requireHealthy(lab);
  const healthy = await rememberHealthy(lab, node);
  await whileAllBroken(lab, node, faults, async () => {
    const first = await stage.startWorker(worker);
    disturb();
    const recovery = await stage.recover();
    const { at } = await approveAll(recovery);
    await disturbed(recovery);
    const { outcome } = await ended(recovery);
    await first.kill();
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.deepEqual(await faultsOf(lab, node, healthy, at), []);
    const said = (await notes(lab, node, at)).map(({ message }) => message);
    const once = said.filter((message) => !message.startsWith('replaced /etc/kubernetes/kubeconfig'));
    assert.deepEqual([...new Set(once)], once, 'each act has noted itself once');
  });
}

test('the kubelet leaves by itself while a person is awaited, as it does every five minutes: the plan stands, and the one request after our restart is approved', async (t) => {
  await stage.endRecovery();
  await requireHealthy(lab);
  const healthy = await rememberHealthy(lab, node);
  await whileBroken(lab, 'kubelet-anonymous', node, async () => {
    const served = await stage.startWorker();
    const began = Date.now() / 1000;
    const recovery = await stage.recover();
    const { gate: first } = await untilGate(recovery);
    const hasLeft = async () => (await kubeletStarts(lab, node, began)).length > 0 || 'it has not left yet';
    await waitUntil('the kubelet has left and is back', hasLeft, { withinMs: 8 * 60_000, everyMs: 5_000 });
    t.diagnostic(`the kubelet left ${(Date.now() / 1000 - began).toFixed(0)} s after the run had begun`);
    const { at } = await approveAll(recovery);
    const { outcome, state } = await ended(recovery);
    await served.kill();
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.equal(state.gate?.digest, first?.digest, 'the plan is the one of the first look');
    assert.deepEqual(await faultsOf(lab, node, healthy, at), []);
  });
});

test('no room for the backup: the run blocks and says so, and goes on when there is', async () => {
  await using room = await withTmpfs('/var/lib/kubelet-recovery', '64k');
  await requireHealthy(lab);
  const healthy = await rememberHealthy(lab, node);
  await whileBroken(lab, 'kubelet-anonymous', node, async () => {
    const served = await stage.startWorker();
    const before = await root('cat /etc/kubernetes/kubeconfig | sha256sum');
    const recovery = await stage.recover();
    const { at } = await approveAll(recovery);
    const { blocked } = await untilState(recovery, (state) => state.blocked !== undefined);
    assert.match(blocked?.error ?? '', /bytes are free|No space left/);
    assert.equal(await root('cat /etc/kubernetes/kubeconfig | sha256sum'), before, 'nothing was changed');
    await room.takeAway();
    const retry = {
      stepId: blocked?.stepId ?? '',
      action: 'retry',
      by: 'grace',
      reason: 'room made',
    } as const;
    await recovery.executeUpdate(resolveStepUpdate, { args: [retry] });
    const { outcome } = await ended(recovery);
    await served.kill();
    assert.equal(outcome.status, 'healed', outcome.sentence);
    assert.deepEqual(await faultsOf(lab, node, healthy, at), []);
  });
});

/** Each leaves the node as it was, and says what to do. */
const refused: [what: string, spoil: () => Promise<AsyncDisposable>, reasons: RegExp, says: RegExp][] = [
  [
    'a read-only file system',
    () => readOnly('/var/lib/kubelet'),
    /NotAnAuthenticationFault/,
    /written|read-only/,
  ],
  ['core without sudo', withoutSudo, /EvidenceIncomplete|NodeUnreachable/, /sudo/],
  ['a host key that is not the one that is known', wrongHostKey, /NodeUnreachable/, /[Hh]ost key/],
];
for (const [what, spoil, reasons, says] of refused) {
  test(`${what}: refused by name, and nothing is changed`, () =>
    whileBroken(lab, 'kubelet-anonymous', node, async () => {
      const served = await stage.startWorker();
      const before = await fingerprint(lab, node);
      {
        await using _ = await spoil();
        const { outcome } = await ended(await stage.recover());
        assert.equal(outcome.status, 'refused', outcome.sentence);
        assert.match(outcome.reason ?? '', reasons);
        assert.match(JSON.stringify(outcome), says);
        assert.ok(outcome.handOver, 'it says what to do instead');
      }
      await served.kill();
      assert.equal(await fingerprint(lab, node), before);
    }));
}

async function root(script: string): Promise<string> {
  const { code, stdout, stderr } = await lab.sh(node, ['bash', '-c', script]);
  assert.equal(code, 0, stderr);
  return stdout.trim();
}

async function withTmpfs(path: string, size: string) {
  await root(`mkdir -p ${path} && mount -t tmpfs -o size=${size} tmpfs ${path}`);
  const takeAway = async () => void (await root(`! mountpoint -q ${path} || umount ${path}`));
  return { takeAway, [Symbol.asyncDispose]: takeAway };
}

async function readOnly(path: string): Promise<AsyncDisposable> {
  await root(`mount -o remount,bind,ro ${path}`);
  return { [Symbol.asyncDispose]: async () => void (await root(`mount -o remount,bind,rw ${path}`)) };
}

async function withoutSudo(): Promise<AsyncDisposable> {
  await root('mv /etc/sudoers.d/core /run/sudoers-of-core');
  return {
    [Symbol.asyncDispose]: async () => void (await root('mv /run/sudoers-of-core /etc/sudoers.d/core')),
  };
}

async function wrongHostKey(): Promise<AsyncDisposable> {
  const file = join(lab.dir, 'ssh', 'known_hosts');
  const text = readFileSync(file, 'utf8');
  const [, other = ''] = /^master-2 (.*)$/m.exec(text) ?? [];
  writeFileSync(file, text.replace(new RegExp(`^${node} .*$`, 'm'), `${node} ${other}`));
  return { [Symbol.asyncDispose]: async () => writeFileSync(file, text) };
}
