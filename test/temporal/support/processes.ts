import { globSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Dev servers and their watchers with this text among their arguments, whoever started them. */
export function serversNaming(text: string): number[] {
  return globSync('/proc/[0-9]*/cmdline')
    .filter((file) => {
      try {
        const command = readFileSync(file, 'utf8');
        return command.includes(text) && command.includes('start-dev');
      } catch {
        return false;
      }
    })
    .map((file) => Number(file.split('/')[2]));
}

/** Waits for what must come true, not for a time: fails only after `seconds`, which no healthy run needs. */
export async function until(holds: () => boolean | Promise<boolean>, seconds = 60): Promise<void> {
  const deadline = AbortSignal.timeout(seconds * 1000);
  while (!(await holds())) await sleep(50, undefined, { signal: deadline });
}
