import type { Lab } from '../handle.ts';
import { on } from './node-health.ts';

/** Starts the kubelet, and does not wait for it. */
export async function startKubelet(lab: Lab, node: string): Promise<void> {
  await begin(lab, node, 'start');
}

/** Restarts the kubelet, and does not wait for it. */
export async function restartKubelet(lab: Lab, node: string): Promise<void> {
  await begin(lab, node, 'restart');
}

export async function stopKubelet(lab: Lab, node: string): Promise<void> {
  await on(lab, node, 'systemctl', 'stop', 'kubelet');
}

/**
 * systemd refuses the sixth start within ten seconds, and `--no-block` does not say so. Two faults, broken and healed one
 * after the other on a fast machine, were six: the kubelet stayed down, with `start-limit-hit` as the only trace of why.
 */
async function begin(lab: Lab, node: string, verb: 'start' | 'restart'): Promise<void> {
  await on(lab, node, 'systemctl', 'reset-failed', 'kubelet');
  await on(lab, node, 'systemctl', verb, '--no-block', 'kubelet');
}
