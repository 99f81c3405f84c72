import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whileBroken } from '../../test/lab/support/broken.ts';
import { makeSshShim, type SshShim } from '../../test/lab/support/ssh-shim.ts';
import { approve, ended, openStage, type Stage } from '../../test/lab/support/stage.ts';
import { until } from '../../test/temporal/support/processes.ts';
import { activityTimes, votedAt, type ActivityTimes } from './history.ts';

const node = 'master-1';

/** One recovery of the lab, measured from its own history; all in milliseconds, NaN where it could not be measured. */
export interface ResumeTimes {
  /** One look at the whole control plane, the one after the vote: the yardstick of this run. */
  look: number;
  /** From the vote to the instant at which the first act begins; the look lies between. */
  voteToAct: number;
  /** From `kill -9` in an act to its next attempt, by a worker started afresh on the same host. */
  sameHost: number;
  /** The same where a worker on another host was running all along: it shares nothing with the first but Temporal. */
  anotherHost: number;
}

/**
 * Breaks a kubelet, approves its recovery, and kills the worker twice on the way: in the backup, where a new worker is
 * started in its place, and at the new credential, where another host's worker goes on.
 */
export async function measureResume(say: (text: string) => void): Promise<ResumeTimes> {
  await using stage = await openStage();
  const shim = makeSshShim();
  const elsewhere = mkdtempSync(join(tmpdir(), 'cpr-bench-host-'));
  try {
    return await whileBroken(stage.lab, 'kubelet-anonymous', node, () =>
      recoverWithKills(stage, shim, elsewhere, say),
    );
  } finally {
    shim.remove();
    rmSync(elsewhere, { recursive: true, force: true });
  }
}

async function recoverWithKills(
  stage: Stage,
  shim: SshShim,
  elsewhere: string,
  say: (text: string) => void,
): Promise<ResumeTimes> {
  await stage.startWorker({ path: shim.directory });
  say('one recovery: broken, observed, planned');
  shim.killAt({ script: 'back-up-kubelet', when: 'begun' });
  const recovery = await stage.recover();
  await approve(recovery);
  await until(() => shim.sprung());
  const firstDied = sprungAt(shim);

  say('worker killed in the backup; another is started in its place');
  shim.holdAt({ script: 'install-bootstrap', when: 'begun' });
  const second = await stage.startWorker({ path: shim.directory });
  await until(() => shim.sprung());
  // Only now: an act that this one had taken up would have been nobody's to die in.
  await stage.startWorker({ env: { HOME: elsewhere, XDG_CACHE_HOME: elsewhere, TMPDIR: elsewhere } });
  const secondDied = Date.now();
  await second.kill();
  shim.release();

  say('worker killed at the credential; another host goes on');
  await ended(recovery);
  const times = await activityTimes(recovery);
  const backup = the(times, 'backUpKubelet');
  const credential = the(times, 'installBootstrapCredential');
  const look = times.findLast(
    (each) => each.name === 'observeControlPlane' && each.endedAt < backup.scheduledAt,
  );
  return {
    look: look ? look.endedAt - look.startedAt : NaN,
    voteToAct: backup.scheduledAt - (await votedAt(recovery)),
    sameHost: backup.startedAt - firstDied,
    // Where starting the other host's worker took so long that the held attempt ran out, nobody's death was waited for.
    anotherHost: credential.startedAt > secondDied ? credential.startedAt - secondDied : NaN,
  };
}

/** The act's own entry, of the attempt that ended it. */
function the(times: ActivityTimes[], name: string): ActivityTimes {
  const found = times.find((each) => each.name === name);
  if (!found || found.attempt < 2)
    throw new Error(`${name} was not begun a second time: nothing was measured`);
  return found;
}

function sprungAt(shim: SshShim): number {
  return statSync(join(shim.directory, 'sprung')).ctimeMs;
}
