import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { payloadConverter } from '../../workflows/payload-converter.ts';

function payload(encoding: string, data: string): Payload {
  return { metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(data) };
}

describe('the payload converter of the workflows', () => {
  it('reads what the SDK writes, as the SDK reads it', () => {
    for (const value of [{ by: 'ada' }, 'text', 7, null, ['a'], undefined]) {
      assert.deepEqual(payloadConverter.fromPayload(defaultPayloadConverter.toPayload(value)), value);
      assert.deepEqual(payloadConverter.toPayload(value), defaultPayloadConverter.toPayload(value));
    }
  });

  for (const [what, bytes] of [
    ['JSON that is cut off', payload('json/plain', '{"gate":"plan-1"')],
    ['an encoding that nobody knows', payload('no/such', 'x')],
    ['no encoding', { data: Buffer.from('x') }],
    ['no bytes', payload('json/plain', '')],
  ] as const) {
    it(`takes ${what} for unreadable, where the SDK would throw and stall the run`, () => {
      assert.throws(() => defaultPayloadConverter.fromPayload(bytes));
      assert.deepEqual(payloadConverter.fromPayload(bytes), { unreadablePayload: true });
    });
  }
});
