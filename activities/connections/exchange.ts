import type { IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { Budget } from './budget.ts';
import { isConnectionCut } from './kubernetes-errors.ts';

/** One call over one way. */
export interface ApiCall {
  method: string;
  /** With its query. */
  path: string;
  body?: unknown;
  /** Then it is sent once, whatever comes of it. */
  changes: boolean;
}

/** Where a call goes: the beginning of its URL, and what node:https needs besides it. */
export interface ApiAddress {
  url: string;
  request: RequestOptions;
  /** No connection, with its handshake, within so long: nobody is there. Absent: the call's own time. */
  connectMs?: number;
}

export interface ExchangeLimits {
  budget: Budget;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface Answer {
  status: number;
  text: string;
  /** The server's clock, milliseconds since 1970. */
  date: number | undefined;
}

/** Throws when nothing was answered in time; any status is an answer. */
export async function exchange(
  address: ApiAddress,
  call: ApiCall,
  { budget, signal, timeoutMs }: ExchangeLimits,
): Promise<Answer> {
  budget.spendCall();
  const deadline = AbortSignal.timeout(timeoutMs);
  const either = signal ? AbortSignal.any([signal, deadline]) : deadline;
  try {
    return await send(address, call, budget, either);
  } catch (error) {
    // A load balancer closed an idle connection under us. Only a read may be repeated without looking.
    if (!call.changes && isConnectionCut(error) && !deadline.aborted)
      return send(address, call, budget, either);
    throw deadline.aborted ? new Error(`no answer within ${timeoutMs / 1000} s`) : error;
  }
}

function send(
  { url, request, connectMs }: ApiAddress,
  { method, path, body }: ApiCall,
  budget: Budget,
  signal: AbortSignal,
): Promise<Answer> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers: Record<string, string | string[] | number | undefined> = {
    ...(request.headers as Record<string, string>),
    Accept: 'application/json',
    'User-Agent': 'control-plane-recovery',
  };
  if (payload !== undefined) {
    headers['Content-Type'] = method === 'PATCH' ? 'application/json-patch+json' : 'application/json';
    headers['Content-Length'] = Buffer.byteLength(payload);
  }
  return new Promise((resolve, reject) => {
    const call = httpsRequest(url + path, { ...request, method, headers, signal }, (response) => {
      readAll(response, budget).then(resolve, (error: unknown) => {
        response.destroy();
        reject(error instanceof Error ? error : new Error(String(error)));
      });
    });
    if (connectMs !== undefined) limitConnecting(call, connectMs);
    call.on('error', reject);
    call.end(payload);
  });
}

/** A network that swallows packets is told from a busy server, which may take its time. */
function limitConnecting(call: ReturnType<typeof httpsRequest>, connectMs: number): void {
  call.once('socket', (socket) => {
    if (!socket.connecting) return;
    const tooLong = () => call.destroy(new Error(`no connection within ${connectMs / 1000} s`));
    const timer = setTimeout(tooLong, connectMs);
    const stop = () => clearTimeout(timer);
    socket.once('secureConnect', stop);
    call.once('close', stop);
  });
}

async function readAll(response: IncomingMessage, budget: Budget): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) {
    budget.spendBytes(chunk.length);
    chunks.push(chunk);
  }
  const date = Date.parse(response.headers.date ?? '');
  return {
    status: response.statusCode ?? 0,
    text: Buffer.concat(chunks).toString('utf8'),
    date: Number.isNaN(date) ? undefined : date,
  };
}
