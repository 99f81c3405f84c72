import type { ClientCertificate, Observation } from '../control-plane.ts';
import { valueOf } from '../reading.ts';
import { classify } from './classify.ts';
import { signerObjection } from './guards.ts';

/** What a recovery leaves to be watched on one node, by the newest look. */
export interface Debt {
  /**
   * `waiting`: nothing can be done or known just now. `owed`: cluster-admin is there, and can be taken away now. `watching`: the
   * node is itself, and has not renewed its certificate yet. `paid`: it has, and there is nothing more to watch.
   */
  state: 'waiting' | 'owed' | 'watching' | 'paid';
  /** One sentence. */
  because: string;
  /** Its certificate, once it is its own. */
  certificate?: Watched;
  /** Before this nobody need look for a renewal, ISO 8601. */
  notBefore?: string;
}

/** A certificate whose renewal is watched for. */
export interface Watched {
  serial: string;
  /** ISO 8601. */
  notAfter: string;
}

/** A kubelet renews at a random point between 70 and 90 % of the life of its certificate. */
const renewsAfter = 0.7;

/** `first`: the certificate that was seen first of the node's own; another one means that it has renewed it. */
export function judgeDebt(observation: Observation, node: string, first?: Watched): Debt {
  const master = observation.masters.find(({ name }) => name === node);
  const kubelet = master && valueOf(master.kubelet);
  if (!kubelet) return { state: 'waiting', because: `${node} could not be looked at` };
  const { standing, class: kind, sentence } = classify(master, observation);
  if (kind === 'C7') {
    const why =
      signerObjection({ observation })?.because ??
      // Two whose borrowed credential has ended must not wait for each other.
      (standing === 'lost' ? undefined : lostOthers(observation, node));
    return why === undefined
      ? { state: 'owed', because: sentence }
      : { state: 'waiting', because: `${sentence}; ${why}` };
  }
  const { clientCertificate: certificate } = kubelet;
  return standing === 'healthy' && certificate.state === 'present'
    ? judgeRenewal(node, certificate, first)
    : { state: 'waiting', because: sentence };
}

function judgeRenewal(
  node: string,
  { serial, notBefore, notAfter }: Extract<ClientCertificate, { state: 'present' }>,
  first: Watched | undefined,
): Debt {
  const certificate = { serial, notAfter };
  const watching = (what: string): Debt => ({
    state: 'watching',
    because: `${node} ${what}; its first renewal has not been seen yet`,
    certificate,
    notBefore: renewsFrom(notBefore, notAfter),
  });
  if (first === undefined || first.serial === serial) return watching('is itself');
  if (!(Date.parse(notBefore) < Date.parse(first.notAfter)))
    return watching('has another certificate, which it got after the one before had ended');
  // With a canonical kubeconfig and no other credential about, nobody but the node itself can have asked.
  return {
    state: 'paid',
    because: `${node} has renewed its certificate by itself: serial ${serial}`,
    certificate,
  };
}

function renewsFrom(notBefore: string, notAfter: string): string {
  const begin = Date.parse(notBefore);
  return new Date(begin + (Date.parse(notAfter) - begin) * renewsAfter).toISOString();
}

/** One master at a time has the lock, and one that serves can wait for one that does not. */
function lostOthers(observation: Observation, node: string): string | undefined {
  const lost = observation.masters
    .filter(({ name }) => name !== node)
    .map((master) => classify(master, observation))
    .filter(({ standing }) => standing === 'lost');
  if (lost.length === 0) return undefined;
  return `${lost.map((one) => one.node).join(' and ')} cannot authenticate at all, and come${lost.length === 1 ? 's' : ''} first`;
}
