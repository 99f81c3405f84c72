import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureFoundations } from './base/foundations.ts';
import { apiUrl } from './cluster/api.ts';
import { makePki, type ClusterPki } from './cluster/certificates.ts';
import { notReady } from './cluster/health.ts';
import { install } from './cluster/install.ts';
import { kubeconfig } from './cluster/kubeconfigs.ts';
import { filesOf } from './cluster/node-files.ts';
import { clean, isAnythingLeft } from './down.ts';
import { requireSpace } from './host/disk.ts';
import { withLock } from './host/lock.ts';
import { during, type Progress } from './host/progress.ts';
import { adminKubeconfig, labOf, labStatus, openLab, stateFile, type Lab, type LabState } from './handle.ts';
import { saveAndRaise } from './node/host-state.ts';
import { networkUp } from './node/network.ts';
import { createNode, foreignLab, startNode } from './node/node.ts';
import { makeSshFiles, waitForSsh } from './node/ssh.ts';
import { untilOperatorSettled } from './operator/settled.ts';
import { installPlatform } from './platform/install.ts';
import { startPlatform } from './platform/process.ts';
import { apiIntName, labSettings, NODES, type LabSettings, type Platform } from './settings.ts';

export interface UpOptions {
  progress: Progress;
  /** Aborted (Ctrl-C): what was started is taken down again before the promise rejects. */
  signal?: AbortSignal | undefined;
  /** What to put around the control plane. Default: what is there already, and nothing in a new lab. */
  platform?: Platform | undefined;
}

/** Three times containerd's images and etcd's log, and room for what is written while it runs. */
const DISK_BYTES = 3e9;

const OVERLAYFS_MAGIC = 0x79_4c_76_30;

/**
 * Three Ready masters behind one endpoint, from nothing in about a minute, when the foundations are built. A lab that
 * is up already is returned as it is; one that was left half up is cleaned away first, and the progress says so.
 */
export async function labUp({ progress, signal, platform }: UpOptions): Promise<Lab> {
  const settings = labSettings();
  requireHost();
  return withLock(settings.dir, { what: 'lab up', progress, signal }, async () => {
    const running = await openLab(settings);
    if (running && (await isWhole(running))) {
      requirePlatform(running, platform);
      await startPlatform(running);
      const ready = await notReady(running.api, running.masters);
      progress.say(`The lab is already up${ready === true ? '' : `; ${ready}`}.`);
      return running;
    }
    requireOwnName(settings);
    if (isAnythingLeft(settings)) {
      const what = 'an earlier lab that was left half up cleaned away';
      await during(progress, what, () => clean(settings));
    }
    const foundations = await ensureFoundations({ progress, signal });
    const state: LabState = {
      phase: 'starting',
      startedAt: new Date().toISOString(),
      platform: platform ?? 'none',
      foundations,
    };
    return start(settings, state, progress, signal);
  });
}

function requireHost(): void {
  if (process.platform !== 'linux') throw new Error('The lab needs Linux: its nodes are namespaces.');
  if (process.getuid?.() !== 0) throw new Error('The lab needs root, to make namespaces; run it with sudo.');
}

function requireOwnName(settings: LabSettings): void {
  const other = foreignLab(settings);
  if (other === undefined) return;
  throw new Error(
    `A lab of the same name runs out of ${other}. Take it down from there, or give this one a name and addresses ` +
      'of its own: CPR_LAB_NAME=second CPR_LAB_SUBNET=10.79.0',
  );
}

/** One cluster does not become another by itself: what the first platform has written would stay. */
function requirePlatform(lab: Lab, wanted: Platform | undefined): void {
  if (wanted === undefined || wanted === lab.platform) return;
  throw new Error(
    `A lab with platform ${lab.platform} is up already, and ${wanted} was asked for. Take it down first: cpr lab down`,
  );
}

/** A lab of which a node is off, or whose API is silent, is one to begin anew. */
async function isWhole(lab: Lab): Promise<boolean> {
  const { nodes } = await labStatus(lab.settings);
  if (nodes.some(({ running }) => !running)) return false;
  return lab.api.get('/readyz').then(
    () => true,
    () => false,
  );
}

async function start(
  settings: LabSettings,
  state: LabState,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<Lab> {
  mkdirSync(settings.dir, { recursive: true, mode: 0o755 });
  await requireRealFileSystem(settings);
  await requireSpace('the lab', settings.dir, DISK_BYTES);
  writeState(settings, state);
  try {
    await during(progress, 'certificates and files of four nodes', () => makeNodes(settings, state));
    await during(progress, 'nodes booted, ssh answers', () => boot(settings, signal), { usually: '5 s' });
    const lab = labOf(settings, state);
    await install(lab, progress, signal);
    await installPlatform(lab, progress, signal);
    writeState(settings, { ...state, phase: 'up' });
    await startPlatform(lab);
    await untilOperatorSettled(lab, progress, signal);
    return lab;
  } catch (error) {
    // A run or a request that was cut says so in its own words; what matters is that the person wanted it.
    if (signal?.aborted) await during(progress, 'the lab taken down again', () => clean(settings));
    else
      progress.say(
        `What is there is left to be looked at in ${settings.dir}; the next lab up or lab down removes it.`,
      );
    throw error;
  }
}

/** containerd's snapshots are overlays, and an overlay's upper directory cannot be on another overlay. */
async function requireRealFileSystem({ dir }: LabSettings): Promise<void> {
  if ((await statfs(dir)).type !== OVERLAYFS_MAGIC) return;
  throw new Error(
    `${dir} is on overlayfs (a container's own file system), on which containerd cannot work. ` +
      'Set XDG_CACHE_HOME to a directory on ext4, xfs or tmpfs.',
  );
}

async function makeNodes(settings: LabSettings, { foundations, platform }: LabState): Promise<void> {
  const [pki] = await Promise.all([makePki(settings), makeSshFiles(settings)]);
  writeAdminKubeconfig(settings, pki);
  for (const node of NODES)
    createNode(settings, node, foundations, filesOf(settings, pki, foundations, node, platform));
}

async function boot(settings: LabSettings, signal: AbortSignal | undefined): Promise<void> {
  saveAndRaise(settings);
  await networkUp(settings);
  for (const node of NODES) await startNode(settings, node);
  // A supervisor needs a moment before it can be asked for its node.
  await sleep(500, undefined, { signal });
  await Promise.all(NODES.map((node) => waitForSsh(settings, node, signal)));
}

function writeAdminKubeconfig(settings: LabSettings, pki: ClusterPki): void {
  const content = kubeconfig({
    server: apiUrl(settings),
    tlsServerName: apiIntName(settings),
    ca: pki.read('kube-apiserver-server-ca.crt'),
    user: 'system:admin',
    credential: { cert: pki.read('admin.crt'), key: pki.read('admin.key') },
  });
  writeFileSync(adminKubeconfig(settings), content, { mode: 0o600 });
}

function writeState(settings: LabSettings, state: LabState): void {
  const file = stateFile(settings);
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}
