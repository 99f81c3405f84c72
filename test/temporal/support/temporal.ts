import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, type WorkflowClientInterceptor } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { sentAgain } from '../../../client/temporal/delivered.ts';
import { terminalProgress } from '../../../lab/host/progress.ts';
import { resolveTemporalBinary } from '../../../lab/temporal/binary.ts';
import { startTemporalServer, type TemporalServer } from '../../../lab/temporal/server.ts';

/** A dev server of one test file, on free ports, with a client and a worker's connection. */
export interface TestTemporal {
  readonly server: TemporalServer;
  client: Client;
  nativeConnection: NativeConnection;
  /** `kill -9` of the server; resolves when it is gone. */
  killServer(): Promise<void>;
  /** After that: the server again, on the same ports and with the same runs. Clients and workers come back by themselves. */
  startServerAgain(): Promise<void>;
  /** Closes the connections, ends the server and removes its database. */
  close(): Promise<void>;
}

/** Half a second. Without the safe pragmas: a test's runs need not survive a power cut. */
export async function startTestTemporal(): Promise<TestTemporal> {
  const directory = await mkdtemp(join(tmpdir(), 'cpr-temporal-'));
  const binary = await resolveTemporalBinary({ progress: terminalProgress() });
  const options = { binary, dbFile: join(directory, 'runs.db'), durable: false };
  let server = await startTemporalServer(options);
  const { address, uiUrl } = server;
  const ports = { grpc: Number(new URL(`tcp://${address}`).port), ui: Number(new URL(uiUrl).port) };
  const connection = await Connection.connect({ address });
  // Not before the server runs: the SDK's runtime keeps the process alive, and without a server nobody would end it.
  installQuietRuntime();
  const nativeConnection = await NativeConnection.connect({ address });
  // Identities stand in histories, and histories are committed: no names of hosts.
  const client = new Client({
    connection,
    identity: 'someone@test',
    interceptors: { workflow: [asCpr] },
  });
  return {
    get server() {
      return server;
    },
    client,
    nativeConnection,
    // Not durable: it is ended with SIGKILL.
    killServer: () => server.stop(),
    async startServerAgain() {
      server = await startTemporalServer({ ...options, ports });
    },
    async close() {
      await connection.close();
      await nativeConnection.close();
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** As `cpr` does: an activity's answer in the very moment in which a run ends on a message makes the server drop both. */
const asCpr: WorkflowClientInterceptor = { startUpdate: (input, next) => sentAgain(() => next(input)) };

let installed = false;

/** The SDK's own logger would fill the output of the tests with what the tests provoke. */
function installQuietRuntime(): void {
  if (installed) return;
  installed = true;
  const filter = { core: 'ERROR', other: 'ERROR' } as const;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter, forward: {} } },
    shutdownSignals: [],
  });
}
