/** What one question of `observe-etcd.sh` was answered with. */
export interface Answer {
  /** etcdctl's exit code. `endpoint health` ends with 1 as soon as one member is not healthy, which is no failure to answer. */
  code: number;
  /** Standard output. */
  said: string;
  /** The last line of its standard error. */
  error: string;
}

/**
 * Reads `@@ask <name>`, the answer, and `@@end <name> <code> <last line of standard error>`. JSON never begins a line with
 * these: a member's name cannot pretend to be the end of an answer. One without its end was cut off, and is none.
 */
export function readAnswers(text: string): Map<string, Answer> {
  const answers = new Map<string, Answer>();
  let open: { name: string; lines: string[] } | undefined;
  for (const line of text.split('\n')) {
    const begun = /^@@ask ([a-z]+)$/.exec(line)?.[1];
    if (begun !== undefined) open = { name: begun, lines: [] };
    else {
      const [, name, code, error = ''] = /^@@end ([a-z]+) (\d{1,3}) ?(.*)$/.exec(line) ?? [];
      if (open && name === open.name) {
        answers.set(name, { code: Number(code), said: open.lines.join('\n').trim(), error });
        open = undefined;
      } else open?.lines.push(line);
    }
  }
  return answers;
}
