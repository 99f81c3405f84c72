import { defaultPayloadConverter, type PayloadConverter } from '@temporalio/common';

/**
 * Decodes like the SDK, but never throws. A signal whose bytes are not what its encoding says makes the SDK fail the workflow
 * task, and the server delivers it again for ever: one stray `temporal workflow signal` would stall a recovery half-way.
 * What cannot be read arrives as this marker instead, which no judge takes for a vote.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value, context) => defaultPayloadConverter.toPayload(value, context),
  fromPayload: (payload, context, hint) => {
    try {
      return defaultPayloadConverter.fromPayload(payload, context, hint);
    } catch {
      return unreadable as never;
    }
  },
};

const unreadable = Object.freeze({ unreadablePayload: true });
