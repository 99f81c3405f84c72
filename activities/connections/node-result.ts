/** What a node script said, between the marker lines that the prelude writes (see node-scripts/prelude.sh). */
export type ScriptResult =
  /** Its text never reached a shell with root's rights. */
  | { state: 'not-begun' }
  /** It began, and its end was not seen: what it did is unknown. */
  | { state: 'unfinished' }
  | { state: 'ended'; verdict: ScriptVerdict; values: Record<string, string> };

/** `busy`: another script holds the lock of the node. `unknown`: it could not find out what it needs to know. */
export type ScriptVerdict = 'ok' | 'failed' | 'precondition' | 'busy' | 'unknown';

const verdicts: readonly string[] = ['ok', 'failed', 'precondition', 'busy', 'unknown'];

export interface Marker {
  runId: string;
  step: string;
  /** New for each call: no file name and no log line of the node can pretend to be the result. */
  nonce: string;
}

/**
 * Reads `@@cpr-result <run> <step> <nonce> <verdict> <base64 of key=value, each ended by a NUL>`. Everything else that was printed is ignored: banners of
 * sshd, login scripts, and whatever names and lines are found on a node.
 */
export function readResult(output: string, marker: Marker): ScriptResult {
  const address = `${marker.runId} ${marker.step} ${marker.nonce}`;
  const lines = output.split('\n').map((line) => line.replace(/\r$/, ''));
  const ended = lines.filter((line) => line.startsWith(`@@cpr-result ${address} `));
  if (ended.length === 0) {
    return { state: lines.includes(`@@cpr-begin ${address}`) ? 'unfinished' : 'not-begun' };
  }
  const [verdict = '', encoded = '', ...more] = (ended[0] ?? '')
    .slice(`@@cpr-result ${address} `.length)
    .split(' ');
  const values = readValues(encoded);
  // Two results, a result in an unknown form: as little known as none at all.
  if (ended.length > 1 || more.length > 0 || !isVerdict(verdict) || values === undefined) {
    return { state: 'unfinished' };
  }
  return { state: 'ended', verdict, values };
}

function readValues(encoded: string): Record<string, string> | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(encoded)) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  if (text !== '' && !text.endsWith('\0')) return undefined;
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const pair of text.split('\0').slice(0, -1)) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, at);
    if (!/^[A-Za-z][A-Za-z0-9.]{0,63}$/.test(key) || key in values) return undefined;
    values[key] = pair.slice(at + 1);
  }
  return values;
}

function isVerdict(text: string): text is ScriptVerdict {
  return verdicts.includes(text);
}
