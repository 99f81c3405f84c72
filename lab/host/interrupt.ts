/** The reason of a signal that a person's Ctrl-C, or a SIGTERM, aborted. */
class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/**
 * Aborts at the first Ctrl-C or SIGTERM, so that what runs can stop cleanly; the second ends the process at once, for
 * the person who does not want to wait for that.
 */
export function abortOnInterrupt(onFirst: () => void = () => {}): AbortSignal {
  const controller = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(130);
    onFirst();
    controller.abort(new Interrupted(`interrupted by ${signal}`));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return controller.signal;
}
