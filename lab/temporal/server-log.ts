import { readFile } from 'node:fs/promises';

const lastLines = 5;

/**
 * True when a server died because a port was no longer free. Its log says so in its first line, and a stack of two hundred
 * lines stands below: the server (1.29) follows a listener that it did not get into a nil pointer.
 */
export async function portWasTaken(logFile: string): Promise<boolean> {
  return (await linesOf(logFile)).some((line) => line.includes('address already in use'));
}

/** Why a server did not come up: the log's first complaint, and its end where that is not the same. */
export async function startFailure(logFile: string, how: string): Promise<string> {
  const lines = await linesOf(logFile);
  const complaint = lines.find((line) => /level=ERROR|^(Error|panic):/.test(line));
  const end = lines.slice(-lastLines);
  const shown = complaint === undefined || end.includes(complaint) ? end : [complaint, '…', ...end];
  return [`The Temporal server ${how} before it served; its log ${logFile} ends with:`, ...shown].join(
    '\n    ',
  );
}

async function linesOf(logFile: string): Promise<string[]> {
  const log = await readFile(logFile, 'utf8').catch(() => '');
  return log.trim().split('\n');
}
