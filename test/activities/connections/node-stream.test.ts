import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createStreamParts } from '../../../activities/connections/node-stream.ts';
import { isFailure } from '../../../activities/failure.ts';
import { laneBy } from '../support/fake-node.ts';

const marker = { runId: 'er-1', step: 'stream-snapshot', nonce: 'abc' };
const header = (bytes: number | string) => `@@cpr-stream er-1 stream-snapshot abc ${bytes}\n`;
const begin = 'a banner\n@@cpr-begin er-1 stream-snapshot abc\n';
const result = '\n@@cpr-result er-1 stream-snapshot abc ok \n';

async function part(output: Buffer, size: number, most = 1_000_000) {
  const body: Buffer[] = [];
  const parts = createStreamParts(marker, most, async (bytes) => void body.push(Buffer.from(bytes)));
  for (let at = 0; at < output.length; at += size) await parts.take(output.subarray(at, at + size));
  return { body: Buffer.concat(body), text: parts.text(), whole: parts.isWhole() };
}

describe('the parts of a streamed answer', () => {
  const file = Buffer.concat([
    Buffer.from([0, 255, 10, 13, 0]),
    Buffer.from(`\n@@cpr-result er-1 stream-snapshot abc failed \n${header(7)}`),
  ]);
  const output = Buffer.concat([Buffer.from(begin + header(file.length)), file, Buffer.from(result)]);

  for (const size of [1, 2, 7, 64, 100_000]) {
    it(`are told apart in pieces of ${size}, whatever the file looks like`, async () => {
      const { body, text, whole } = await part(output, size);
      assert.deepEqual(body, file);
      assert.equal(text, begin + header(file.length) + result);
      assert.equal(whole, true);
    });
  }

  it('are not whole when the end is missing', async () => {
    assert.equal((await part(output.subarray(0, -80), 16)).whole, false);
    assert.equal((await part(Buffer.from(begin), 16)).whole, false);
  });

  it('are refused when there is more than was allowed, or no size', async () => {
    await assert.rejects(part(output, 16, file.length - 1), /more than/);
    await assert.rejects(part(Buffer.from(begin + header('many')), 16), /no size/);
  });

  it('hold no header of another call', async () => {
    const other = begin + header(3).replace('abc', 'xyz') + 'foo';
    assert.equal((await part(Buffer.from(other), 16)).body.length, 0);
  });
});

/** Speaks as a script would, with the nonce of the call. */
const says = (t: TestContext, what: string) => {
  const read = `text=$(cat); nonce=$(sed -n "s/^CPR_NONCE='\\(.*\\)'/\\1/p" <<<"$text" | head -n1)`;
  return laneBy(
    t,
    'master-1',
    `${read}\nsay() { printf '@@cpr-%s er-1 stream-snapshot %s%s\\n' "$1" "$nonce" "$2"; }\n${what}`,
  );
};

const call = (body: (bytes: Buffer) => Promise<void>, mostBytes = 1000) => ({
  node: 'master-1',
  script: 'stream-snapshot.sh' as const,
  runId: 'er-1',
  mostBytes,
  body,
  timeoutMs: 30_000,
});

const fullDisk = async () => Promise.reject(new Error('the disk is full'));

describe('a lane that streams', () => {
  it('hands on every byte, one piece after the other', async (t) => {
    const lane = says(
      t,
      `say begin; say stream ' 500000'; head -c 500000 /dev/zero; echo; say result ' ok '`,
    );
    let came = 0;
    let busy = 0;
    await lane.stream(
      call(async (bytes) => {
        assert.equal(++busy, 1, 'the piece before is done with');
        await new Promise((resolve) => setTimeout(resolve, 1));
        came += bytes.length;
        busy -= 1;
      }, 500_000),
    );
    assert.equal(came, 500_000);
  });

  it('never calls half a file a whole one', async (t) => {
    const lane = says(t, `say begin; say stream ' 500'; head -c 100 /dev/zero; exit 0`);
    await assert.rejects(lane.stream(call(async () => {})), (error) => isFailure(error, 'OutcomeUnknown'));
  });

  it('ends the script when what it sends cannot be taken', async (t) => {
    const lane = says(t, `say begin; say stream ' 500'; head -c 500 /dev/zero; exec sleep 600`);
    await assert.rejects(lane.stream(call(fullDisk)), /the disk is full/);
  });

  it('passes on that the script refused', async (t) => {
    const refusal = Buffer.from('error=there is none\0').toString('base64');
    const lane = says(t, `say begin; say result ' precondition ${refusal}'`);
    await assert.rejects(lane.stream(call(async () => {})), (error) =>
      isFailure(error, 'PreconditionFailed'),
    );
  });
});
