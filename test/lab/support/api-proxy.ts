import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { request as forward, createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import { parse, stringify } from 'yaml';
import { apiIntName } from '../../../lab/settings.ts';
import type { Lab } from '../../../lab/lab.ts';

/** A proxy before the lab's API that can keep an answer to itself. The caller's bearer token goes through it. */
export interface ApiProxy extends AsyncDisposable {
  /** Text of a kubeconfig that points here, with the identity of the given one. */
  kubeconfig: string;
  /** Holds the answer to the next such request, after the API server has carried it out. */
  holdNext(method: string, path: RegExp): HeldAnswer;
}

export interface HeldAnswer {
  /** What the API server has answered, and nobody has seen yet; undefined before that. */
  status(): number | undefined;
  /** Closes the connection; the answer is lost. */
  cut(): void;
}

interface Trap {
  method: string;
  path: RegExp;
  spring(response: ServerResponse, status: number): void;
}

export async function startApiProxy(lab: Lab, kubeconfigFile: string): Promise<ApiProxy> {
  const traps: Trap[] = [];
  const identity = await selfSigned();
  const upstream = new URL(lab.apiUrl);
  const ca = lab.pki.read('kube-apiserver-server-ca.crt');
  const target = { host: upstream.hostname, port: upstream.port, servername: apiIntName(lab.settings), ca };

  const server = createServer(identity, (request, response) => {
    const { method = '', url = '', headers } = request;
    const out = forward({ ...target, agent: false, method, path: url, headers }, (answer) => {
      const trap = traps.findIndex((candidate) => candidate.method === method && candidate.path.test(url));
      if (trap < 0) return passOn(answer, response);
      answer.resume();
      traps.splice(trap, 1)[0]?.spring(response, answer.statusCode ?? 0);
    });
    out.on('error', () => response.destroy());
    request.pipe(out);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    kubeconfig: pointedAt(readFileSync(kubeconfigFile, 'utf8'), port, identity.cert),
    holdNext: (method, path) => {
      let held: { response: ServerResponse; status: number } | undefined;
      const spring: Trap['spring'] = (response, status) => {
        held = { response, status };
      };
      traps.push({ method, path, spring });
      return { status: () => held?.status, cut: () => held?.response.destroy() };
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function passOn(answer: IncomingMessage, response: ServerResponse): void {
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  answer.pipe(response);
}

function pointedAt(kubeconfig: string, port: number, cert: string): string {
  const config = parse(kubeconfig) as { clusters: { cluster: object }[] };
  for (const entry of config.clusters) {
    entry.cluster = {
      server: `https://127.0.0.1:${port}`,
      'certificate-authority-data': Buffer.from(cert).toString('base64'),
    };
  }
  return stringify(config, { lineWidth: 0 });
}

async function selfSigned(): Promise<{ cert: string; key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=proxy of a test',
    keys,
    signingAlgorithm: algorithm,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  });
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    cert: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  };
}
