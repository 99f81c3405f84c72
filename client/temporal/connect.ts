import { Client, Connection } from '@temporalio/client';
import type { ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { failure } from '../failure.ts';
import type { TemporalPlace } from '../gateway.ts';
import { hostUser } from '../identity.ts';
import { isGrpcCode, grpcCodes } from './errors.ts';

export interface ConnectOptions {
  profile?: string | undefined;
  address?: string | undefined;
  env: NodeJS.ProcessEnv;
}

export interface Session {
  client: Client;
  place: TemporalPlace;
}

const DEFAULT_ADDRESS = 'localhost:7233';
/** Where `temporal server start-dev` and `cpr dev` put the Web UI. */
const DEV_WEB_UI = 'http://localhost:8233';
const CONNECT_TIMEOUT_MS = 3000;

/** Connects, or fails within seconds: a person who asks at night must not look at a silent line for the SDK's 20 s. */
export async function openSession(options: ConnectOptions): Promise<Session> {
  const { connectionOptions, namespace = 'default' } = readProfile(options);
  const address = options.address ?? connectionOptions.address ?? DEFAULT_ADDRESS;
  const webUi = options.env['CPR_WEB_UI'] ?? (isDevAddress(address) ? DEV_WEB_UI : undefined);
  const place = { address, namespace, ...(webUi ? { webUi: webUi.replace(/\/+$/, '') } : {}) };
  const connection = await Connection.connect({
    ...connectionOptions,
    address,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // None of the SDK's retries: they hide an outage for 20 s, and one that is due after the connection was closed ends the
    // process, with whatever it still had to clean up. Whoever follows a run asks again anyway.
    interceptors: [],
  }).catch((error: unknown) => {
    throw connectFailure(error, place, options.profile);
  });
  return { client: new Client({ connection, namespace, identity: hostUser(options.env) }), place };
}

function isDevAddress(address: string): boolean {
  return address === DEFAULT_ADDRESS || address === '127.0.0.1:7233';
}

/** The profile of `temporal.toml` and the `TEMPORAL_*` variables: the same that the `temporal` command reads. */
function readProfile({ profile, env }: ConnectOptions): {
  connectionOptions: ConnectionOptions;
  namespace?: string;
} {
  try {
    const overrideEnvVars = Object.fromEntries(
      Object.entries(env).filter(([, value]) => value !== undefined),
    );
    return loadClientConnectConfig({
      ...(profile === undefined ? {} : { profile }),
      overrideEnvVars: overrideEnvVars as Record<string, string>,
    });
  } catch (error) {
    throw failure('BadConfiguration', {
      what: `The Temporal profile ${profile ?? 'default'} cannot be used: ${(error as Error).message}`,
      where: env['TEMPORAL_CONFIG_FILE'] ?? 'temporal.toml and the TEMPORAL_* variables',
      next: 'Look at it with `temporal config list`, or name another one with --profile.',
      cause: error,
    });
  }
}

function connectFailure(error: unknown, place: TemporalPlace, profile: string | undefined): Error {
  const where = `${place.address}, profile ${profile ?? 'default'}`;
  if (isGrpcCode(error, grpcCodes.unauthenticated, grpcCodes.permissionDenied)) {
    return failure('NotAuthenticated', {
      what: 'Temporal does not accept our credentials.',
      where,
      next: 'Check the profile (`temporal config list`): API key or client certificate, and the namespace they are for.',
      cause: error,
    });
  }
  return failure('TemporalUnreachable', {
    what: `Temporal does not answer at ${place.address}.`,
    where,
    next: 'Check the address (--address, --profile or TEMPORAL_ADDRESS). On one machine, `cpr dev` starts a server and a worker.',
    cause: error,
  });
}
