import type { Lab } from '../../../lab/lab.ts';

/** The node's own clock, for what is to be compared with its journal and its files: seconds since 1970. */
export function nodeNow(): number {
  // The nodes share the clock of this machine's kernel.
  return Date.now() / 1000;
}

/** When systemd has started the kubelet since then. */
export async function kubeletStarts(lab: Lab, node: string, since: number): Promise<number[]> {
  const lines = await journal(lab, node, since, ['-u', 'init.scope', '_PID=1', 'UNIT=kubelet.service']);
  return lines.filter(({ message }) => message.startsWith('Started kubelet')).map(({ at }) => at);
}

/** What our scripts have noted in the node's journal since then. */
export async function notes(lab: Lab, node: string, since: number): Promise<Line[]> {
  const lines = await journal(lab, node, since, ['-t', 'control-plane-recovery']);
  return lines.map(({ at, message }) => ({ at, message: message.replace(/^run \S+: /, '') }));
}

/** When a file on the node was last written. */
export async function writtenAt(lab: Lab, node: string, path: string): Promise<number> {
  return Number((await lab.sh(node, ['stat', '-c', '%.3Y', path])).stdout);
}

/** `at` in seconds since 1970. */
export interface Line {
  at: number;
  message: string;
}

async function journal(lab: Lab, node: string, since: number, filter: string[]): Promise<Line[]> {
  const argv = ['journalctl', '-o', 'json', `--since=@${since.toFixed(3)}`, ...filter];
  const { stdout } = await lab.sh(node, argv);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const { MESSAGE, __REALTIME_TIMESTAMP } = JSON.parse(line) as Record<string, string>;
      return { at: Number(__REALTIME_TIMESTAMP) / 1e6, message: MESSAGE ?? '' };
    });
}
