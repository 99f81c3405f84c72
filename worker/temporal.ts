import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import { workerError } from './errors.ts';

const defaultAddress = 'localhost:7233';
const connectTimeoutMs = 10_000;

export interface TemporalPlace {
  profile?: string | undefined;
  env?: NodeJS.ProcessEnv;
  /** Instead of a profile: a server on this machine that knows no TLS and no keys. */
  address?: string;
}

export interface WorkerConnection {
  connection: NativeConnection;
  address: string;
  namespace: string;
}

/**
 * Connects with the profile that the `temporal` command would use. Throws a `WorkerError` that says where, with which
 * profile, and what to do; the SDK's own error for a wrong address is a page of Rust.
 */
export async function connectToTemporal(place: TemporalPlace): Promise<WorkerConnection> {
  const { profile, env = process.env } = place;
  const { connectionOptions, namespace = 'default' } = place.address
    ? { connectionOptions: { address: place.address } }
    : readProfile(profile, env);
  const address = connectionOptions.address ?? defaultAddress;
  const from = place.address ? 'dev server' : `profile ${profile ?? env['TEMPORAL_PROFILE'] ?? 'default'}`;
  const where = `${address}, namespace ${namespace}, ${from}`;
  const connection = await inTime(NativeConnection.connect({ ...connectionOptions, address })).catch(
    (error: unknown) => {
      throw connectFailure(error, where);
    },
  );
  const found = connection.workflowService.describeNamespace({ namespace });
  await found.catch(async (error: unknown) => {
    await connection.close();
    throw connectFailure(error, where);
  });
  return { connection, address, namespace };
}

function readProfile(profile: string | undefined, env: NodeJS.ProcessEnv) {
  try {
    return loadClientConnectConfig({
      ...(profile === undefined ? {} : { profile }),
      configFileStrict: true,
      overrideEnvVars: Object.fromEntries(Object.entries(env).filter(isSet)),
    });
  } catch (error) {
    const file = env['TEMPORAL_CONFIG_FILE'] ?? 'temporal.toml';
    // The SDK stumbles over a file without any profile instead of saying so.
    const why = error instanceof TypeError ? 'there is no profile in the file' : (error as Error).message;
    throw workerError(
      'BadConfiguration',
      `The Temporal profile ${profile ?? 'default'} (${file} and the TEMPORAL_* variables) cannot be used: ${why}. Look at it with \`temporal config list\`.`,
      error,
    );
  }
}

function isSet(entry: [string, string | undefined]): entry is [string, string] {
  return entry[1] !== undefined;
}

/** A firewall that drops packets would keep the SDK waiting for minutes. */
async function inTime<T>(connecting: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer within ${connectTimeoutMs / 1000} s`)),
      connectTimeoutMs,
    );
  });
  try {
    return await Promise.race([connecting, late]);
  } finally {
    clearTimeout(timer);
  }
}

const grpcNotFound = 5;
const grpcPermissionDenied = 7;
const grpcUnauthenticated = 16;

function connectFailure(error: unknown, where: string): Error {
  const { code, message } = error as { code?: number; message: string };
  if (code === grpcNotFound) {
    return workerError(
      'BadConfiguration',
      `Temporal has no such namespace (${where}). Correct the profile, or create it with \`temporal operator namespace create\`.`,
      error,
    );
  }
  if (
    code === grpcUnauthenticated ||
    code === grpcPermissionDenied ||
    /Unauthenticated|PermissionDenied/.test(message)
  ) {
    return workerError(
      'NotAuthenticated',
      `Temporal does not accept our credentials (${where}). Check the profile: API key or client certificate, and the namespace they are for.`,
      error,
    );
  }
  return workerError(
    'TemporalUnreachable',
    `Temporal cannot be reached (${where}): ${reason(message)}. Check the address (--profile, TEMPORAL_ADDRESS) and that the server runs; on one machine, \`cpr dev\` starts a server and a worker.`,
    error,
  );
}

/** The one part of the bridge's error that says something. */
function reason(message: string): string {
  const said = /(?:message|error): "([^"]+)"/.exec(message)?.[1] ?? message;
  return said.charAt(0).toLowerCase() + said.slice(1);
}
