/**
 * Text from a sick cluster inside Markdown that a person must be able to trust: a log line, a reason or a name may hold
 * anything, also a table's pipe, a link, or an escape sequence that repaints a terminal.
 */

/** One line, no control characters, at most `length` characters. */
export function plain(text: string, length = 400): string {
  const line = text
    .slice(0, 4 * length)
    .replaceAll(ansi, '')
    .replaceAll(unprintable, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .toWellFormed();
  return line.length > length ? `${line.slice(0, length - 1).toWellFormed()}…` : line;
}

/** That, with everything escaped that Markdown would take for its own: safe in a table, a list and a paragraph. */
export function safe(text: string, length?: number): string {
  return plain(text, length)
    .replaceAll(/[\\`*[\]<>|~&]/g, String.raw`\$&`)
    .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, String.raw`\_`)
    .replace(/^([#+=-]|\d+(?=[.)]))/, leading);
}

/** In code style, where nothing can be escaped: a backtick would end it, a pipe would end the table's cell. */
export function code(text: string, length?: number): string {
  return `\`${plain(text, length).replaceAll('`', "'").replaceAll('|', '¦')}\``;
}

/** A fenced block for text that is ours, such as JSON to paste. */
export function block(text: string, language = ''): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

/** Cells must be safe already. */
export function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map(row).join('\n');
}

function row(cells: string[]): string {
  return `| ${cells.join(' | ')} |`;
}

export function list(items: string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}

/** `12:03:41` of an ISO 8601 time in UTC; the text itself when it is none. */
export function clock(time: string | undefined): string {
  const match = /T(\d{2}:\d{2}:\d{2})/.exec(time ?? '');
  return match?.[1] ?? safe(time ?? '', 40);
}

/** `850 ms`, `12.3 s`, `4 min 10 s`, `2 h 5 min`; empty when one end is not known. */
export function span(from: string | undefined, to: string | undefined): string {
  const milliseconds = Date.parse(to ?? '') - Date.parse(from ?? '');
  return Number.isNaN(milliseconds) ? '' : duration(milliseconds);
}

export function duration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1_000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1_000);
  if (seconds < 3_600)
    return `${Math.floor(seconds / 60)} min${seconds % 60 === 0 ? '' : ` ${seconds % 60} s`}`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? '' : ` ${minutes % 60} min`}`;
}

// eslint-disable-next-line no-control-regex
const ansi = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|.)?/g;
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** At the start of a line: a heading, a list, a numbered list. */
function leading(match: string): string {
  return /\d/.test(match) ? `${match}\\` : `\\${match}`;
}
