import type { Observation } from '../control-plane.ts';
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
  /** Serial of its certificate, once it is its own. */
  serial?: string;
}

/** The first serial that was seen of the node's own certificate; another one means that it has renewed it. */
export function judgeDebt(observation: Observation, node: string, firstSerial?: string): Debt {
  const master = observation.masters.find(({ name }) => name === node);
  const kubelet = master && valueOf(master.kubelet);
  if (!kubelet) return { state: 'waiting', because: `${node} could not be looked at` };
  const { standing, class: kind, sentence } = classify(master, observation);
  if (kind === 'C7') {
    const why = signerObjection({ observation })?.because ?? lostOthers(observation, node);
    return why === undefined
      ? { state: 'owed', because: sentence }
      : { state: 'waiting', because: `${sentence}; ${why}` };
  }
  const { clientCertificate: certificate } = kubelet;
  if (standing !== 'healthy' || certificate.state !== 'present')
    return { state: 'waiting', because: sentence };
  const { serial } = certificate;
  if (firstSerial === undefined || firstSerial === serial)
    return {
      state: 'watching',
      because: `${node} is itself; its first renewal has not been seen yet`,
      serial,
    };
  // With a canonical kubeconfig and no other credential about, nobody but the node itself can have asked.
  return {
    state: 'paid',
    because: `${node} has renewed its certificate by itself: serial ${serial}`,
    serial,
  };
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
