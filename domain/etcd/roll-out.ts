import type { EtcdOperator } from './platform.ts';

/** How far the operator has brought its newest revision. */
export type RollOut =
  | { state: 'settled'; revision: number }
  | {
      state: 'moving';
      /** Stays the same exactly while the roll-out stands still. */
      position: string;
      /** Nodes that are not at the newest revision yet. */
      behind: string[];
      /** The one node on which it works just now; undefined: on none, or on several. */
      at?: string;
      since: string;
    };

/**
 * From the nodes' own revisions, not from condition NodeInstallerProgressing, which lags. A master without an entry has no
 * revision at all, and so is behind.
 */
export function rollOutOf(operator: EtcdOperator, masters: string[]): RollOut {
  const { latestAvailableRevision: latest, nodeStatuses, conditions } = operator;
  const nodes = masters.map((name) => {
    const found = nodeStatuses.find(({ nodeName }) => nodeName === name);
    return found ?? { nodeName: name, currentRevision: 0, targetRevision: 0, lastFailedRevision: 0 };
  });
  const behind = nodes.filter(({ currentRevision }) => currentRevision !== latest);
  const working = nodes.filter(({ targetRevision }) => targetRevision !== 0);
  if (behind.length === 0 && working.length === 0) return { state: 'settled', revision: latest };
  const [only, ...more] = working;
  const since = conditions.find(({ type }) => type === 'NodeInstallerProgressing')?.since ?? '';
  return {
    state: 'moving',
    position: [latest, ...nodes.map((one) => `${one.currentRevision}>${one.targetRevision}`)].join(' '),
    behind: behind.map(({ nodeName }) => nodeName),
    ...(only && more.length === 0 ? { at: only.nodeName } : {}),
    since,
  };
}

/**
 * It waits for this node and for nothing else: the installer goes one node at a time, so a pod that cannot become ready holds
 * all of it. Such a roll-out does not end before the member is mended.
 */
export function isHeldUpBy(rollOut: RollOut, node: string): boolean {
  if (rollOut.state === 'settled') return false;
  const waiting = rollOut.at ?? (rollOut.behind.length === 1 ? rollOut.behind[0] : undefined);
  return waiting === node && rollOut.behind.includes(node);
}
