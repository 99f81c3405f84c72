import { CancellationScope, condition } from '@temporalio/workflow';
import type { Run } from './run.ts';

/** Something that is being read, beside whatever else goes on. */
export interface Looking<T> {
  result?: { value: T } | { failed: unknown };
  stop: () => void;
}

export function beginLook<T>(look: () => Promise<T>): Looking<T> {
  const scope = new CancellationScope();
  const looking: Looking<T> = { stop: () => scope.cancel() };
  void scope.run(look).then(
    (value) => (looking.result = { value }),
    (failed: unknown) => (looking.result = { failed }),
  );
  return looking;
}

/**
 * What the look brings, or undefined once somebody stops the run: a cluster without a worker answers for minutes with
 * nothing, and whoever was told that the run stops must not wait for that. Throws what the look throws.
 */
export function unlessAborted<T>(run: Run, look: () => Promise<T>): Promise<{ value: T } | undefined> {
  return unless(() => run.abort !== undefined, look);
}

/** The same for any other reason not to wait. */
export async function unless<T>(
  isOver: () => boolean,
  look: () => Promise<T>,
): Promise<{ value: T } | undefined> {
  const looking = beginLook(look);
  await condition(() => looking.result !== undefined || isOver());
  if (isOver()) {
    looking.stop();
    return undefined;
  }
  const { result } = looking;
  if (result && 'failed' in result) throw result.failed;
  return result;
}
