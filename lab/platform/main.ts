import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLab } from '../handle.ts';
import { runEtcdOperator } from '../operator/run.ts';
import { labSettings } from '../settings.ts';
import { servingApprover } from './approver.ts';
import { runLoops, type Loop } from './loops.ts';
import { machineStatusFollower } from './machines.ts';
import { staticPodOperatorsFollower } from './static-pods.ts';

const RESTART_MS = 2000;

/** Every stand-in that runs with the lab. */
function loopsOf(): Loop[] {
  return [machineStatusFollower(), servingApprover(), staticPodOperatorsFollower()];
}

function write(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** An operator that fails is started again, as its Deployment would do. */
async function whileWanted(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work().catch((error: unknown) =>
      write(`${new Date().toISOString()} etcd-operator failed: ${String(error)}`),
    );
    await sleep(RESTART_MS, undefined, { signal }).catch(() => {});
  }
}

/** The process that `lab up --platform` starts; see process.ts. Its output is `platform.log`. */
async function main(): Promise<void> {
  const lab = await openLab(labSettings());
  if (!lab || lab.platform === 'none') return;
  const profile = lab.platform;
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  // Its lab was removed by hand, directory and all: there is nothing left to stand in for.
  const watch = setInterval(() => existsSync(lab.dir) || stop.abort(), 2000);
  const { signal } = stop;
  await Promise.all([
    runLoops(loopsOf(), { lab, signal, write }),
    whileWanted(signal, () => runEtcdOperator({ lab, profile, signal, write })),
  ]);
  clearInterval(watch);
}

await main();
