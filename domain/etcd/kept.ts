import type { KeptOfEtcd } from '../control-plane.ts';

const words: Record<KeptOfEtcd['kind'], string> = {
  quarantine: 'data of a member that was bad',
  snapshot: 'a snapshot of etcd',
};

/** In one line, for people: what it is, how large, how old, and the command that removes it. */
export function factOfKept(
  { kind, runId, path, bytes, changedAt, manifestOut }: KeptOfEtcd,
  now: string,
): string {
  const what = `${path}: ${words[kind]}, of run ${runId}, ${sizeOf(bytes)}, ${ageOf(changedAt, now)}`;
  return manifestOut
    ? `${what}; etcd's manifest is in it: it has to go back to /etc/kubernetes/manifests before anything is removed`
    : `${what}; when it is not needed any more: ${removal(path)}`;
}

function removal(path: string): string {
  return `sudo rm -rf -- ${path}`;
}

function sizeOf(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

function ageOf(changedAt: string, now: string): string {
  const hours = (Date.parse(now) - Date.parse(changedAt)) / 3_600_000;
  if (!(hours >= 1)) return 'less than an hour old';
  return hours < 48 ? `${Math.floor(hours)} hours old` : `${Math.floor(hours / 24)} days old`;
}
