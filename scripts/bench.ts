import { parseArgs } from 'node:util';
import { ensureTemporal } from '../lab/binaries/ensure.ts';
import { abortOnInterrupt } from '../lab/host/interrupt.ts';
import { terminalProgress } from '../lab/host/progress.ts';
import { noLabHere, thisMachine } from '../lab/host/requirements.ts';
import { labDown, labUp, openLab } from '../lab/lab.ts';
import { resolveTemporalBinary } from '../lab/temporal/binary.ts';
import type { Share } from './bench/etcd-shares.ts';
import { measureEtcd, type EtcdTimes } from './bench/etcd.ts';
import { measureKubelet, type KubeletTimes } from './bench/kubelet.ts';
import { measureResume, type ResumeTimes } from './bench/resume.ts';

/**
 * Speed, measured on the lab: `npm run bench`. Seconds depend on the machine and on what else it does, so each figure also
 * stands as a ratio to one look at the control plane, taken in the same run.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean', short: 'h' }, output: { type: 'string', short: 'o' } },
});
if (values.help) {
  console.log(`Usage: npm run bench [-- etcd] [-- -o json]

etcd: has a member that has lost its data replaced by a bare script and by the runbook, and sets their phases side by side, from the vote to
the end. What of the run's time is its own, and not etcd's, the operator's or the kubelet's, is told by somebody who watches the cluster beside
it, and by what the script's acts took. Uses a lab with platform main that runs; else starts one and takes it down again.

Without a word: breaks and recovers a kubelet of the lab three times. First with two workers killed on the way: how long it took from the vote
to the next act, and from each kill until a worker went on. Then undisturbed, beside the incident's three commands in a bare
script: the diagnosis, Ready, the last mirror pod. Uses a lab that runs; else starts one and takes it down again.`);
  process.exit(0);
}
const reason = noLabHere(thisMachine());
if (reason) {
  console.error(reason);
  process.exit(1);
}

const progress = terminalProgress();
const signal = abortOnInterrupt(() => progress.say('Stopping; what was started is taken down.'));
const ranBefore = (await openLab()) !== undefined;
try {
  const build = () => ensureTemporal({ progress, signal });
  process.env['TEMPORAL_CLI_PATH'] = await resolveTemporalBinary({ progress, signal, build });
  const say = (text: string) => progress.say(text);
  if (positionals[0] === 'etcd')
    printEtcd(await measureEtcd(await labUp({ progress, signal, platform: 'main' }), say));
  else {
    await labUp({ progress, signal });
    print(await measureResume(say), await measureKubelet(say));
  }
} finally {
  if (!ranBefore) await labDown({ progress });
}

function print({ look, ...times }: ResumeTimes, kubelet: KubeletTimes): void {
  const rows = [
    ['one look at three masters', look],
    ['vote to the next act (one look is part of it)', times.voteToAct],
    ['kill -9 to the next attempt, same host', times.sameHost],
    ['kill -9 to the next attempt, another host', times.anotherHost],
    ['diagnosis, from the command to its answer', kubelet.diagnosis],
    ['three commands in a script: to Ready', kubelet.bareReady],
    ['three commands in a script: to the last pod', kubelet.bareLastPod],
    ['vote to Ready', kubelet.ready],
    ['vote to the last mirror pod', kubelet.lastPod],
    ['vote to healed, graduated and proved', kubelet.healed],
    ...kubelet.steps.map(([id, ms]) => [`  of which ${id}`, ms] as const),
  ] as const;
  if (values.output === 'json') {
    const { steps, ...phases } = kubelet;
    const milliseconds = { look, ...times, ...phases, steps: Object.fromEntries(steps) };
    console.log(JSON.stringify({ milliseconds }, null, 2));
    return;
  }
  console.log(`\n${'what'.padEnd(48)}${'seconds'.padStart(8)}${'looks'.padStart(8)}`);
  for (const [what, ms] of rows) {
    const ratio = Number.isNaN(ms) ? '-' : (ms / look).toFixed(2);
    console.log(`${what.padEnd(48)}${secondsOf(ms)}${ratio.padStart(8)}`);
  }
}

function printEtcd({ shares, look, lookAtDead }: EtcdTimes): void {
  if (values.output === 'json') {
    console.log(JSON.stringify({ milliseconds: { look, lookAtDead, phases: shares } }, null, 2));
    return;
  }
  console.log(
    `\n${'seconds'.padEnd(32)}${['run', 'others', 'own', 'bare'].map((head) => head.padStart(8)).join('')}`,
  );
  for (const share of [...shares, total(shares)]) {
    const { phase, run, others, own, bare } = share;
    console.log(`${phase.padEnd(32)}${[run, others, own, bare].map(secondsOf).join('')}`);
  }
  console.log(`${'one look, all healthy'.padEnd(32)}${secondsOf(look)}`);
  console.log(`${'slowest look, a member dead'.padEnd(32)}${secondsOf(lookAtDead)}`);
}

function total(shares: readonly Share[]): Share {
  const sum = (of: 'run' | 'others' | 'own' | 'bare') =>
    shares.reduce((all, share) => all + (share[of] ?? 0), 0);
  return { phase: 'all of it', run: sum('run'), others: sum('others'), own: sum('own'), bare: sum('bare') };
}

function secondsOf(ms: number | undefined): string {
  if (ms === undefined) return ''.padStart(8);
  return (Number.isNaN(ms) ? '-' : (ms / 1000).toFixed(2)).padStart(8);
}
