import type { ScheduleView } from '../gateway.ts';
import { clock, oneLine, relative, span, type Style } from './text.ts';

export function renderSchedule(schedule: ScheduleView, now: number, style: Style): string {
  const { cluster, everyMs, paused, note, recent, next, said } = schedule;
  const last = recent.at(-1);
  const state = paused ? style.yellow('paused') : style.green('on');
  const lines = [`${style.bold(cluster)}: health check every ${span(everyMs)}, ${state}`];
  if (note) lines.push(`note   ${oneLine(note)}`);
  lines.push(last ? `last   ${clock(last.at, now)} (${relative(last.at, now)})` : 'last   never');
  if (said) lines.push(...saidLines(said));
  const upcoming = next[0];
  if (!paused && upcoming) lines.push(`next   ${clock(upcoming, now)} (${relative(upcoming, now)})`);
  return lines.join('\n');
}

/** What was found, and what came of it or why nothing did. */
function saidLines({ findings, recovery, notProposed }: NonNullable<ScheduleView['said']>): string[] {
  const found = findings.length === 0 ? 'nothing' : findings.join(', ');
  return [
    `found  ${oneLine(found)}`,
    ...(recovery === undefined ? [] : [`       ${oneLine(recovery)}`]),
    ...(notProposed === undefined ? [] : [`       no recovery is proposed: ${oneLine(notProposed)}`]),
  ];
}
