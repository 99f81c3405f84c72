import { missingMirrorPods, notReady } from '../../../lab/cluster/health.ts';
import { waitUntil } from '../../../lab/cluster/wait.ts';
import { faultNamed } from '../../../lab/faults/index.ts';
import { isOwnIdentity } from '../../../lab/faults/kubelet-credential.ts';
import { silentProgress } from '../../../lab/host/progress.ts';
import type { Lab } from '../../../lab/lab.ts';

const options = { progress: silentProgress() };
const PODS_PER_MASTER = 4;
/** A kubelet that has lost a mirror pod in the making makes it again within 90 s, and writes its status 10 s later. */
const MIRROR_PODS_MS = 240_000;

/**
 * Breaks a healthy lab, works, and leaves it healthy: what the work itself has not healed is healed by force, so that
 * a failed test fails alone.
 */
export async function whileBroken<T>(
  lab: Lab,
  fault: string,
  node: string,
  work: () => Promise<T>,
): Promise<T> {
  await requireHealthy(lab);
  const known = faultNamed(fault);
  let isDone = false;
  try {
    await known.break(lab, node, options);
    const result = await work();
    isDone = true;
    return result;
  } finally {
    // A kubelet that works may still hold what it was given.
    if (!isDone || (await ailment(lab, node)) !== true) await known.healByForce(lab, node, options);
  }
}

/** A fault on top of another: always healed by force. */
export async function whileAlso<T>(
  lab: Lab,
  fault: string,
  node: string,
  work: () => Promise<T>,
): Promise<T> {
  const known = faultNamed(fault);
  try {
    await known.break(lab, node, options);
    return await work();
  } finally {
    await known.healByForce(lab, node, options);
  }
}

/**
 * A kubelet that has just been restarted reports its pods as not ready for a moment: that is waited for. What runs of earlier
 * tests have left goes: many of them end their run by force, and would be this test's findings.
 */
export async function requireHealthy(lab: Lab): Promise<void> {
  for (const master of lab.masters) {
    await lab.sh(master, ['rm', '-rf', '/var/lib/kubelet-recovery']);
    const what = `${master} is healthy before the test begins`;
    await waitUntil(what, () => ailment(lab, master), { withinMs: MIRROR_PODS_MS });
  }
}

/** True when the master is well. Ready alone lags by 45 s, so its kubelet is asked as well. */
async function ailment(lab: Lab, node: string): Promise<true | string> {
  if (!(await isOwnIdentity(lab, node))) return 'no client certificate of its own';
  const { stdout } = await lab.sh(node, ['systemctl', 'is-active', 'kubelet']);
  if (stdout.trim() !== 'active') return `kubelet ${stdout.trim()}`;
  const ready = await notReady(lab.api, [node]);
  return ready === true ? missingMirrorPods(lab.api, PODS_PER_MASTER, node) : ready;
}
