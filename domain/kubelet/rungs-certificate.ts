import { certificateFault, keptFiles } from './certificate.ts';
import { unfit, type RungRule } from './rung.ts';

/** What can be done with certificates that are there already: nobody has to issue anything. */
export const certificateRungs = {
  R1: ({ kubelet, target }) => {
    const kept = keptFiles(kubelet, target.name);
    if (kept.length === 0)
      return unfit('no certificate of this node that is valid and accepted lies in its directory');
    return certificateFault(kubelet) === undefined && kept.some(({ isCurrent }) => isCurrent)
      ? unfit('its certificate is in its place')
      : undefined;
  },
  G: ({ seen, kubelet, target }) => {
    if (seen.class !== 'C7') return unfit('it has no identity but its own');
    return keptFiles(kubelet, target.name).some(({ isCurrent }) => isCurrent)
      ? undefined
      : unfit('it has no accepted certificate of its own yet');
  },
} satisfies Record<string, RungRule>;
