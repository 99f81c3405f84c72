import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { NodeScriptName } from '../../../activities/node-scripts/scripts.ts';
import { certificate, token } from '../support/certificates.ts';
import { bootstrapFile, fakeNode, kubeconfigText, nodeServer, type FakeNode } from '../support/fake-node.ts';

const node = 'master-1';
const runId = 'kar-1';
const pki = 'var/lib/kubelet/pki';
const runDirectory = `var/lib/kubelet-recovery/${runId}`;
const admin =
  'etc/kubernetes/static-pod-resources/kube-apiserver-certs/secrets/node-kubeconfigs/lb-int.kubeconfig';
const bootstrapper = 'system:serviceaccount:openshift-machine-config-operator:node-bootstrapper';

/** What the kubelet starts with. */
const places = [
  'etc/kubernetes/kubeconfig',
  'var/lib/kubelet/kubeconfig',
  `${pki}/kubelet-client-current.pem`,
];

interface Act {
  script: NodeScriptName;
  args: string[];
  input?: string;
}

/** With the commands by which each of them changes the node. */
const acts: [NodeScriptName, commands: string[], prepare: (on: FakeNode) => Promise<Act>][] = [
  ['back-up-kubelet.sh', ['mkdir', 'cp', 'sync', 'mv'], alone('back-up-kubelet.sh')],
  ['install-bootstrap.sh', ['sync', 'mv'], installBootstrap],
  ['install-admin.sh', ['cp', 'sync', 'mv'], installAdmin],
  ['make-kubelet-key.sh', ['mkdir', 'sync', 'mv'], alone('make-kubelet-key.sh')],
  ['relink-certificate.sh', ['ln', 'mv', 'sync'], relink],
  ['install-certificate.sh', ['ln', 'mv', 'sync'], installCertificate],
];

describe('on a file system that takes nothing more', { concurrency: 2 }, () => {
  for (const [script, commands, prepare] of acts) {
    for (const command of commands)
      it(`${script} at its ${command}: every file is the old one or the new one, and it is done when there is room`, (t) =>
        failsAt(t, command, prepare, script));
  }
});

async function failsAt(
  t: TestContext,
  command: string,
  prepare: (on: FakeNode) => Promise<Act>,
  script: NodeScriptName,
): Promise<void> {
  const on = fakeNode(t);
  if (script !== 'back-up-kubelet.sh') await run(on, { script: 'back-up-kubelet.sh', args: [node] });
  const act = await prepare(on);
  const before = seen(on);
  takesNothing(on, command);
  await assert.rejects(run(on, act), /No space left on device/);
  const middle = seen(on);
  rmSync(join(on.root, 'fake/die'));
  await run(on, act);
  const after = seen(on);
  for (const [index, place] of places.entries())
    assert.ok(
      [before[index], after[index]].includes(middle[index]),
      `${place} was neither: ${middle[index]}`,
    );
  assert.deepEqual(unfinished(on), []);
}

/** The command fails wherever it would write on the node; the script's own working directory lies in memory. */
function takesNothing(on: FakeNode, command: string): void {
  on.write(
    'fake/die',
    `[ "$0" = bash ] || return 0
${command}() { case "$*" in *"$CPR_ROOT/run/"*) command ${command} "$@" ;; *) echo '${command}: No space left on device' >&2; return 1 ;; esac; }
`,
  );
}

function run(on: FakeNode, { script, args, input = '' }: Act) {
  return on.lane.run({ node, script, runId, args, input, timeoutMs: 30_000 });
}

function seen(on: FakeNode): string[] {
  return places.map((place) => {
    const path = join(on.root, place);
    const link = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : '';
    return `${link} ${existsSync(path) ? hash(readFileSync(path)) : 'missing'}`;
  });
}

function unfinished(on: FakeNode): string[] {
  const directories = ['etc/kubernetes', 'var/lib/kubelet', pki];
  const names = directories.flatMap((directory) => readdirSync(join(on.root, directory)));
  return names.filter((name) => name.includes('.cpr-'));
}

function alone(script: NodeScriptName): () => Promise<Act> {
  return () => Promise.resolve({ script, args: [node] });
}

async function installBootstrap(on: FakeNode): Promise<Act> {
  const newToken = token({ sub: bootstrapper, exp: 4e9 });
  on.acceptTokens(newToken);
  const expected = hash(on.read('etc/kubernetes/kubeconfig'));
  return { script: 'install-bootstrap.sh', args: [node, expected], input: bootstrapFile(newToken) };
}

async function installAdmin(on: FakeNode): Promise<Act> {
  const text = kubeconfigText(nodeServer, { token: 'of-the-administrator' });
  on.write(admin, text);
  on.acceptTokens('of-the-administrator');
  return { script: 'install-admin.sh', args: [node, `/${admin}`, hash(text), 'kubeconfig', 'missing'] };
}

async function relink(on: FakeNode): Promise<Act> {
  const { pem, key } = await accepted(on);
  const file = `${pki}/kubelet-client-2026-11-27.pem`;
  on.write(file, pem + key);
  return { script: 'relink-certificate.sh', args: [node, `/${file}`, hash(pem + key)] };
}

async function installCertificate(on: FakeNode): Promise<Act> {
  const { pem, key } = await accepted(on);
  on.write(`${runDirectory}/own/key.pem`, key);
  const publicKey = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'pem' });
  return { script: 'install-certificate.sh', args: [node, hash(String(publicKey))], input: pem };
}

async function accepted(on: FakeNode): Promise<{ pem: string; key: string }> {
  const pair = await certificate(`O=system:nodes, CN=system:node:${node}`);
  on.write('fake/http-6443', 'ok');
  on.write('fake/accepted-certificates', `${new X509Certificate(pair.pem).serialNumber}\n`);
  return pair;
}

function hash(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
