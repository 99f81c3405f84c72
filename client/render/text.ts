/** Widest line of any table or paragraph: fits half a screen at night, and a ticket. */
export const PAGE_WIDTH = 110;
/** Of the tables of `-o wide`. */
export const WIDE = 200;

export interface Style {
  bold: (text: string) => string;
  dim: (text: string) => string;
  red: (text: string) => string;
  green: (text: string) => string;
  yellow: (text: string) => string;
}

export function styleFor(color: boolean): Style {
  const paint = (code: number) => (text: string) =>
    color && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text;
  return { bold: paint(1), dim: paint(2), red: paint(31), green: paint(32), yellow: paint(33) };
}

export const plain: Style = styleFor(false);

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const unprintable = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text from a node or from another person, safe to print: a log line could otherwise move the cursor and rewrite the
 * plan that is being approved.
 */
export function printable(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(unprintable, '\ufffd');
}

/** The same on one line. */
export function oneLine(text: string): string {
  return printable(text).replace(/\s+/g, ' ').trim();
}

/** Breaks at blanks so that no line is wider than `width`; every line begins with `indent`. Long words stay whole. */
export function wrap(text: string, indent = '', width = PAGE_WIDTH, first = indent): string {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of oneLine(text).split(' ')) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line].join('\n');
}

/** Columns padded to their widest cell; only the last may be long, and is cut so that the row fits. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width = PAGE_WIDTH,
): string {
  const cells = [head, ...rows].map((row) => row.map(oneLine));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const before = widths.slice(0, -1).reduce((sum, each) => sum + each + 2, 0);
  const last = Math.max(12, width - before);
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          column === head.length - 1 ? cut(cell, last) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}…`;
}

/** "20:14:03 UTC", and the date too when it is not the day of `now`. */
export function clock(iso: string | Date, now: number): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return oneLine(String(iso));
  const [day, time] = at.toISOString().split('T') as [string, string];
  const today = new Date(now).toISOString().startsWith(day);
  return `${today ? '' : `${day} `}${time.slice(0, 8)} UTC`;
}

/** "41 s", "3 min 05 s", "5 min", "2 h 10 min", "3 d 4 h": the two largest units. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return twoUnits(minutes, 'min', seconds % 60, 's');
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return twoUnits(hours, 'h', minutes % 60, 'min');
  return twoUnits(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = small === 0 ? '' : ` ${String(small).padStart(2, '0')} ${smallUnit}`;
  return `${large} ${largeUnit}${rest}`;
}

/** "12 s ago", "in 3 min 05 s". */
export function relative(iso: string | Date, now: number): string {
  const difference = new Date(iso).getTime() - now;
  if (Number.isNaN(difference)) return 'at an unknown time';
  return difference <= 0 ? `${span(-difference)} ago` : `in ${span(difference)}`;
}

/** "41 kB", "1.2 MB". */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  return count < 1e6 ? `${Math.round(count / 1000)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
