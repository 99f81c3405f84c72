import type { BootstrapFile, KubeletEvidence } from '../control-plane.ts';
import { bootstrapRequester } from './names.ts';

/** Whose bootstrap credential it is: a token says so; the masters of an installation of today have a client certificate. */
export function ownerOf({ file, tokenSubject }: BootstrapFile): string | undefined {
  return tokenSubject ?? (file.state === 'present' ? file.embeddedCommonName : undefined);
}

/** A client certificate is durable where it outlives any incident: those of old installations ended after a day. */
const durableForMs = 90 * 86_400_000;

/** Does it outlive this incident, so that the node can help itself the next time? Whether it is accepted is another question. */
export function lasts({ bootstrap, nodeTime }: Pick<KubeletEvidence, 'bootstrap' | 'nodeTime'>): boolean {
  const { file, tokenExpiresAt } = bootstrap;
  const ends = file.state === 'present' ? file.embeddedNotAfter : undefined;
  if (tokenExpiresAt !== undefined) return false;
  return ends === undefined || Date.parse(ends) - Date.parse(nodeTime) > durableForMs;
}

/** With this one the node can help itself the next time: accepted, of node-bootstrapper, for that server, and it stays good. */
export function isDurable(kubelet: Pick<KubeletEvidence, 'bootstrap' | 'nodeTime'>, server: string): boolean {
  const { file, accepted } = kubelet.bootstrap;
  return (
    lasts(kubelet) &&
    file.state === 'present' &&
    file.server === server &&
    accepted === 'yes' &&
    ownerOf(kubelet.bootstrap) === bootstrapRequester
  );
}
