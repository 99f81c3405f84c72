import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';
import { stringify } from 'yaml';
import { certificate, serverCertificate, type KeyedCertificate } from './certificates.ts';

export interface FakeCall {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  body: unknown;
}

/** What the API server does with a call. */
export type FakeAnswer =
  | { status?: number; body: unknown }
  /** Never answers. */
  | 'hang'
  /** Closes the connection without an answer. */
  | 'cut';

export interface FakeApi {
  kubeconfig: string;
  server: string;
  calls: FakeCall[];
  /** How many there were. */
  connections: () => number;
}

export const apiToken = 'token-of-cpr-that-no-log-may-show';

/** An API server over TLS on a free port; `answer` is all it does. Gone when the test ends. */
export async function fakeApi(
  t: TestContext,
  answer: (call: FakeCall) => FakeAnswer,
  {
    trusted = true,
    serving = serverCertificate(),
    upgrade,
  }: {
    trusted?: boolean;
    serving?: Promise<KeyedCertificate>;
    /** What becomes of a request for a WebSocket. */
    upgrade?: (request: IncomingMessage, socket: Duplex) => void;
  } = {},
): Promise<FakeApi> {
  const { pem, key } = await serving;
  const calls: FakeCall[] = [];
  const server = createServer({ cert: pem, key }, (request, response) => {
    void serve(request, response, calls, answer);
  });
  let connections = 0;
  server.on('secureConnection', () => (connections += 1));
  if (upgrade) server.on('upgrade', upgrade);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const directory = mkdtempSync(join(tmpdir(), 'cpr-api-'));
  t.after(() => {
    rmSync(directory, { recursive: true });
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const ca = trusted ? pem : (await certificate('CN=another-authority')).pem;
  const kubeconfig = writeKubeconfig(directory, url, ca);
  return { kubeconfig, server: url, calls, connections: () => connections };
}

function writeKubeconfig(directory: string, server: string, ca: string): string {
  const file = join(directory, 'kubeconfig');
  const cluster = { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'fake', cluster }],
    users: [{ name: 'cpr', user: { token: apiToken } }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'cpr' } }],
    'current-context': 'fake',
  };
  writeFileSync(file, stringify(config), { mode: 0o600 });
  return file;
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  calls: FakeCall[],
  answer: (call: FakeCall) => FakeAnswer,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  const url = new URL(request.url ?? '/', 'https://fake');
  const body: unknown = text === '' ? undefined : JSON.parse(text);
  const call = { method: request.method ?? '', path: url.pathname, query: url.searchParams, body };
  calls.push(call);
  const said =
    request.headers.authorization === `Bearer ${apiToken}`
      ? answer(call)
      : { status: 401, body: status(401, 'Unauthorized') };
  if (said === 'hang') return;
  if (said === 'cut') return void request.socket.destroy();
  response.writeHead(said.status ?? 200, { 'content-type': 'application/json' });
  response.end(typeof said.body === 'string' ? said.body : JSON.stringify(said.body));
}

/** As the API server refuses. */
function status(code: number, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code };
}

export function refused(code: number, message: string): FakeAnswer {
  return { status: code, body: status(code, message) };
}
