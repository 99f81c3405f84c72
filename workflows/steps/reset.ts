import { CancellationScope, condition, uuid4 } from '@temporalio/workflow';
import { randomnessSeed } from './seed.ts';
import { now, tell, type Run } from './run.ts';

export function wasReset(run: Run): boolean {
  return randomnessSeed() !== run.seed;
}

/**
 * `temporal workflow reset` plays a run again up to a point, and by default delivers anew what was said to it afterwards. What
 * people said to the run as it was is no word about the run as it is: after a Reset no vote stands, and no nonce is the old one.
 * Called before anything is judged, and before each act.
 */
export function noticeReset(run: Run): void {
  if (!wasReset(run)) return;
  run.seed = randomnessSeed();
  const { state } = run;
  state.nonce = uuid4();
  // It may have gone back to before its acts, and then knows nothing of them.
  state.actedBefore = true;
  if (state.blocked) state.blocked.nonce = uuid4();
  if (state.gate) {
    const nonce = uuid4();
    for (const vote of state.gate.votes) vote.withdrawnAt ??= now();
    Object.assign(state.gate, { nonce, subject: { ...state.gate.subject, nonce }, votes: [] });
  }
  tell(
    run,
    'The run was reset: no earlier vote or command counts any more, and nothing is done without new ones',
  );
}

/**
 * A run may be blocked or acting for hours when it is reset. Noticed only with the next message, that message would always be
 * refused: whoever signed it had been shown the old nonce.
 */
export async function watchForResets(run: Run): Promise<void> {
  await CancellationScope.nonCancellable(async () => {
    for (;;) {
      await condition(() => wasReset(run));
      noticeReset(run);
    }
  });
}
