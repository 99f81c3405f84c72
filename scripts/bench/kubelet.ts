import { setTimeout as sleep } from 'node:timers/promises';
import { mirrorPods, readyNodes } from '../../lab/cluster/health.ts';
import { KUBELET_KUBECONFIG, NODE_KUBECONFIGS } from '../../lab/cluster/paths.ts';
import { faultNamed } from '../../lab/faults/index.ts';
import { silentProgress } from '../../lab/host/progress.ts';
import type { Lab } from '../../lab/lab.ts';
import { requireHealthy } from '../../test/lab/support/broken.ts';
import { cpr } from '../../test/lab/support/cpr.ts';
import { approve, ended, openStage, type Stage } from '../../test/lab/support/stage.ts';

const node = 'master-1';
const PODS = 4;
const options = { progress: silentProgress() };
/** `cpr diagnose` has found something. */
const FINDINGS = 3;

/** How long a master stayed away; all in milliseconds. */
export interface KubeletTimes {
  /** `cpr diagnose` as a process of its own, until it has printed the class of the fault. */
  diagnosis: number;
  /** The incident's three commands, typed by a script that knows them by heart: it leaves cluster-admin on the node. */
  bareReady: number;
  bareLastPod: number;
  /** From the vote. */
  ready: number;
  lastPod: number;
  /** Backup, checks, graduation and proof included. */
  healed: number;
  /** What of that each step of the plan took, by its id. */
  steps: [id: string, ms: number][];
}

/** The incident twice: once as a script would end it, once as the runbook does. */
export async function measureKubelet(say: (text: string) => void): Promise<KubeletTimes> {
  await using stage = await openStage();
  const { lab } = stage;
  say('the incident, ended by its three commands');
  const bare = await whileAway(lab, () => threeCommands(lab));
  say('the incident, ended by the runbook');
  const ours = await whileAway(lab, () => byRunbook(stage));
  return { ...ours, bareReady: bare.ready, bareLastPod: bare.lastPod };
}

/** Broken until the cluster itself has noticed, so that Ready is something that comes back. Always healed by force. */
async function whileAway<T>(lab: Lab, work: () => Promise<T>): Promise<T> {
  const fault = faultNamed('kubelet-anonymous');
  await requireHealthy(lab);
  try {
    await fault.break(lab, node, { ...options, untilNodeUnknown: true });
    return await work();
  } finally {
    await fault.healByForce(lab, node, options);
  }
}

async function threeCommands(lab: Lab): Promise<Return> {
  const copy = `cp ${NODE_KUBECONFIGS}/localhost.kubeconfig ${KUBELET_KUBECONFIG}`;
  const began = Date.now();
  const back = untilBack(lab, began);
  const commands = `sudo systemctl stop kubelet && sudo ${copy} && sudo systemctl start kubelet`;
  const { code, stderr } = await lab.ssh(node, ['sh', '-c', `'${commands}'`]);
  if (code !== 0) throw new Error(`the three commands ended with exit code ${code}: ${stderr}`);
  return back;
}

async function byRunbook(stage: Stage): Promise<Omit<KubeletTimes, 'bareReady' | 'bareLastPod'>> {
  await stage.startWorker();
  const asked = Date.now();
  await cpr(stage, ['diagnose', stage.lab.name], FINDINGS);
  const diagnosis = Date.now() - asked;
  const recovery = await stage.recover();
  const voted = (await approve(recovery)) * 1000;
  const back = untilBack(stage.lab, voted);
  const { outcome, state } = await ended(recovery);
  const healed = Date.now() - voted;
  if (outcome.status !== 'healed') throw new Error(`not healed: ${outcome.sentence}`);
  const steps = state.steps.map(({ id, startedAt = '', endedAt = '' }): [string, number] => [
    id,
    Date.parse(endedAt) - Date.parse(startedAt),
  ]);
  return { diagnosis, healed, steps, ...(await back) };
}

interface Return {
  ready: number;
  lastPod: number;
}

/** When the Node is Ready and when all its mirror pods are there, as the API has it. */
async function untilBack(lab: Lab, since: number): Promise<Return> {
  const back: Partial<Return> = {};
  const deadline = since + 300_000;
  while (Date.now() < deadline) {
    const [ready, pods] = await Promise.all([readyNodes(lab.api), mirrorPods(lab.api)]);
    const now = Date.now() - since;
    if (ready.includes(node)) back.ready ??= now;
    if (pods.filter((pod) => pod.node === node).length >= PODS) back.lastPod ??= now;
    if (back.ready !== undefined && back.lastPod !== undefined)
      return { ready: back.ready, lastPod: back.lastPod };
    await sleep(100);
  }
  throw new Error(`${node} did not come back: ${JSON.stringify(back)}`);
}
