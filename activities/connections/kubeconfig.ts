import { Agent, type RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { failure, sentenceOf } from '../failure.ts';

const MOST_CONNECTIONS = 8;

/** What a kubeconfig says of one server, ready for node:https. */
export interface ApiTarget {
  /** `https://api.prod-eu-1.example:6443` */
  server: string;
  /** Authorities, client certificate, headers with a token, `tls-server-name`. */
  tls: RequestOptions;
  agent: Agent;
}

/** Read anew for each activity: tokens in a kubeconfig are rotated while a worker lives for weeks. */
export async function readKubeconfig(kubeconfig: string, context?: string): Promise<ApiTarget> {
  try {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    if (context !== undefined) {
      if (!config.getContextObject(context)) throw new Error(`it has no context ${context}`);
      config.setCurrentContext(context);
    }
    const server = config.getCurrentCluster()?.server;
    if (!server) throw new Error('its current context names no cluster');
    if (!server.startsWith('https://')) throw new Error(`its server ${server} is not an https address`);
    const tls: RequestOptions = {};
    await config.applyToHTTPSOptions(tls);
    if (!(tls.agent instanceof Agent)) throw new Error('its proxy-url is of a kind that is not supported');
    // Two dozen calls at once make up one look; a TLS handshake for each would cost more than the calls, on both sides.
    tls.agent.options.keepAlive = true;
    Object.assign(tls.agent, { keepAlive: true, maxSockets: MOST_CONNECTIONS });
    return { server: server.replace(/\/+$/, ''), tls, agent: tls.agent };
  } catch (error) {
    throw failure('ApiUnreachable', `kubeconfig ${kubeconfig}: ${sentenceOf(error)}`);
  }
}
