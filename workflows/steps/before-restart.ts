import { ApplicationFailure, condition } from '@temporalio/workflow';
import type { Rung } from '../../domain/kubelet/rung.ts';
import { decisions, labelled, type Hands } from './activities.ts';
import { unlessAborted } from './looking.ts';
import { tell, type Run } from './run.ts';
import { tellWay } from './way.ts';

const looksAtMost = 3;

/**
 * Hours may lie between the approval and this: a block waits for as long as a person does. Before a kubelet is restarted
 * the other masters and the signer are looked at once more. What does not pass within three looks blocks the step.
 * Returns early when the run is aborted.
 */
export async function proveOthersWell(
  run: Run,
  { observe }: Hands,
  { cluster, node, rung, lending }: { cluster: string; node: string; rung?: Rung; lending?: true },
  line: string,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const seen = await unlessAborted(run, () =>
      observe.observeControlPlane.executeWithOptions(labelled(`${line}: look at the other masters`), [
        { cluster },
      ]),
    );
    if (!seen) return;
    tellWay(run, seen.value.api);
    const { because } = await decisions.objectToRestart.executeWithOptions(
      labelled(`${line}: decide whether it may be done now`),
      [
        {
          observation: seen.value,
          node,
          ...(rung === undefined ? {} : { rung }),
          ...(lending ? { lending } : {}),
        },
      ],
    );
    if (because === undefined) return;
    if (tries >= looksAtMost) throw notNow(node, because, lending);
    tell(
      run,
      lending ? `Not lending ${node} anything yet: ${because}` : `Not restarting ${node} yet: ${because}`,
    );
    const pause = Math.min(run.policy.reobserveEveryMs, 10_000);
    await condition(() => run.abort !== undefined, pause, { summary: 'Waiting to look again' });
  }
}

function notNow(node: string, because: string, lending?: true): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    `the kubelet on ${node} is not ${lending ? 'lent cluster-admin' : 'restarted'} now: ${because}`,
    'PreconditionFailed',
  );
}
