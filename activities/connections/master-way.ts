import { Agent, type AgentOptions, type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect, type ConnectionOptions } from 'node:tls';
import { sentenceOf } from '../failure.ts';
import type { ApiTarget } from './kubeconfig.ts';
import { exchange, type ApiAddress, type ExchangeLimits } from './exchange.ts';

/** One way to the API: the kubeconfig's endpoint, or a master's own API server. */
export interface ApiWay {
  address: ApiAddress;
  /** The master; absent for the endpoint. */
  master?: string;
  /** Throws with the reason why it is of no use. */
  probe(limits: ExchangeLimits): Promise<void>;
  close(): void;
}

/** A master whose API server may be asked when the endpoint does not answer. */
export interface MasterDoor {
  name: string;
  /** A new connection to its API server's port; the same credential and authorities go through it as to the endpoint. */
  dial: () => Duplex;
}

/** One look makes a dozen calls at once; each connection is a process. */
const MOST_CONNECTIONS = 4;
const CONNECT_MS = 3000;
/** What OpenShift's API servers call themselves on their own machine. The second one's certificate lives ten years. */
const ownNames = ['localhost', 'localhost-recovery'] as const;

/** `alone`: there is no other way, so nothing is gained by giving it up early. */
export function endpointWay({ server, tls, agent }: ApiTarget, probed: string, alone: boolean): ApiWay {
  const address = { url: server, request: { ...tls, agent }, ...(alone ? {} : { connectMs: CONNECT_MS }) };
  return { address, probe: (limits) => probe(address, probed, limits, false), close: () => agent.destroy() };
}

export function masterWay({ tls }: ApiTarget, { name, dial }: MasterDoor, probed: string): ApiWay {
  const agent = new DialledAgent(dial, { keepAlive: true, maxSockets: MOST_CONNECTIONS });
  const request: RequestOptions = { ...tls, agent, servername: ownNames[0] };
  const address = { url: `https://${ownNames[0]}`, request };
  return {
    address,
    master: name,
    async probe(limits) {
      for (const servername of ownNames) {
        request.servername = servername;
        try {
          return await probe(address, probed, limits, true);
        } catch (error) {
          if (servername === ownNames.at(-1) || !isOfCertificate(error)) throw error;
        }
      }
    },
    close: () => agent.destroy(),
  };
}

/**
 * Ready by its own word, and one read with our own credential. A 4xx is an answer: it would be the same everywhere, and
 * another way must never be a way around a refusal. But a master is chosen by us, and only one that says 200 is ready.
 */
async function probe(
  address: ApiAddress,
  probed: string,
  limits: ExchangeLimits,
  mustBeReady: boolean,
): Promise<void> {
  for (const path of ['/readyz', probed]) {
    const { status, text } = await exchange(address, { method: 'GET', path, changes: false }, limits);
    const isNotReady = mustBeReady && path === '/readyz' && status !== 200;
    if (isNotReady || status >= 500 || status === 429)
      throw new Error(`GET ${path}: ${status} ${firstLine(text)}`);
  }
}

function firstLine(text: string): string {
  return sentenceOf(text.split('\n', 1)[0]).slice(0, 100);
}

/** TLS over whatever stream leads to the server. */
class DialledAgent extends Agent {
  private readonly dial: () => Duplex;
  constructor(dial: () => Duplex, options: AgentOptions) {
    super(options);
    this.dial = dial;
  }

  override createConnection(options: ConnectionOptions): Duplex {
    const stream = this.dial();
    const socket = connect({ ...options, socket: stream });
    // The stream knows why it broke; TLS would only say that it did.
    stream.on('error', (error) => socket.destroy(error));
    socket.on('close', () => stream.destroy());
    return socket;
  }
}

/** Of OpenSSL's verification, and of the comparison of names. */
function isOfCertificate(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return /^(CERT_|ERR_TLS_CERT|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH)/.test(code);
}
