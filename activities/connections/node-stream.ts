import type { Marker } from './node-result.ts';

/** Whatever is printed before and after the bytes: marker lines, and banners of sshd. */
const MOST_TEXT = 1024 * 1024;

/**
 * Parts the output of a script that sends a file: `@@cpr-stream <run> <step> <nonce> <bytes>` in a line of its own, exactly so many
 * bytes, and the lines of any other script around it.
 */
export interface StreamParts {
  /** Gives on what of this chunk belongs to the file. Throws when the node sends something else than a script of ours does. */
  take(chunk: Buffer): Promise<void>;
  /** All lines but the file's bytes, for `readResult`. */
  text(): string;
  /** Has every byte that was announced come? */
  isWhole(): boolean;
}

export function createStreamParts(
  { runId, step, nonce }: Marker,
  mostBytes: number,
  body: (bytes: Buffer) => Promise<void>,
): StreamParts {
  const header = `@@cpr-stream ${runId} ${step} ${nonce} `;
  let before = Buffer.alloc(0);
  let left: number | undefined;
  const after: Buffer[] = [];
  let said = 0;
  async function takeBody(chunk: Buffer): Promise<void> {
    const own = chunk.subarray(0, left);
    left = (left ?? 0) - own.length;
    if (own.length > 0) await body(own);
    keepText(chunk.subarray(own.length));
  }
  function keepText(chunk: Buffer): void {
    said += chunk.length;
    if (said > MOST_TEXT) throw new Error(`more than ${MOST_TEXT} bytes beside the file`);
    if (chunk.length > 0) after.push(chunk);
  }
  return {
    async take(chunk) {
      if (left !== undefined) return takeBody(chunk);
      before = Buffer.concat([before, chunk]);
      const found = headerIn(before, header);
      if (!found) {
        if (before.length > MOST_TEXT) throw new Error(`more than ${MOST_TEXT} bytes before the file`);
        return;
      }
      if (found.bytes > mostBytes)
        throw new Error(`the file has ${found.bytes} bytes, more than ${mostBytes}`);
      left = found.bytes;
      const rest = before.subarray(found.end);
      before = before.subarray(0, found.end);
      await takeBody(rest);
    },
    text: () => Buffer.concat([before, ...after]).toString('utf8'),
    isWhole: () => left === 0,
  };
}

function headerIn(text: Buffer, header: string): { bytes: number; end: number } | undefined {
  const at = text.indexOf(`\n${header}`);
  const end = at < 0 ? -1 : text.indexOf('\n', at + 1);
  if (end < 0) return undefined;
  const written = text.toString('latin1', at + 1 + header.length, end);
  if (!/^\d{1,15}$/.test(written)) throw new Error('the file has no size');
  return { bytes: Number(written), end: end + 1 };
}
