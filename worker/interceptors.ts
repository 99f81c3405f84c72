import { ApplicationFailure } from '@temporalio/activity';
import type { ActivityInterceptorsFactory, ActivityExecuteInput } from '@temporalio/worker';
import { removeSecrets } from './secrets.ts';

/** Around every activity: what leaves it for Temporal, result or error, carries no secret. */
export function guardPayloads(): ActivityInterceptorsFactory {
  return () => ({
    inbound: {
      async execute(input, next) {
        try {
          return withoutSecrets(await next(input));
        } catch (error) {
          throw errorWithoutSecrets(error);
        }
      },
    },
  });
}

/** A worker of `cluster/a` holds the credentials of every cluster it serves: it must not be talked into another one. */
export function guardCluster(cluster: string): ActivityInterceptorsFactory {
  return () => ({
    inbound: {
      execute(input, next) {
        const asked = askedCluster(input);
        if (asked === cluster) return next(input);
        const message = `this queue serves ${cluster}, and was asked to act on ${asked ?? 'no cluster at all'}`;
        throw ApplicationFailure.nonRetryable(message, 'UnknownCluster');
      },
    },
  });
}

function askedCluster({ args }: ActivityExecuteInput): string | undefined {
  const [argument] = args as [{ cluster?: unknown } | undefined];
  return typeof argument?.cluster === 'string' ? argument.cluster : undefined;
}

/** Results are JSON already by contract, so a copy through JSON loses nothing; it is made only if something was found. */
function withoutSecrets(result: unknown): unknown {
  if (result === undefined) return result;
  return JSON.stringify(result) === JSON.stringify(result, scrub)
    ? result
    : (JSON.parse(JSON.stringify(result, scrub)) as unknown);
}

function scrub(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? removeSecrets(value) : value;
}

/** The same error, its texts and those of its causes cleaned: the failure converter reads all of them. */
function errorWithoutSecrets(error: unknown): unknown {
  for (let at = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth++) {
    at.message = removeSecrets(at.message);
    if (at.stack !== undefined) at.stack = removeSecrets(at.stack);
    if (at instanceof ApplicationFailure) Object.assign(at, { details: withoutSecrets(at.details) });
  }
  return error;
}
