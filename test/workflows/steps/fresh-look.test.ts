import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApplicationFailure } from '@temporalio/common';
import { lookFreshly, lookValidMs } from '../../../workflows/steps/fresh-look.ts';

/** Looks that take so long each, by a clock of the test's own; holds as it is told. */
function looking({ took, held = [] }: { took: number[]; held?: boolean[] }) {
  let now = 1_000;
  let looks = 0;
  const done = lookFreshly({
    prove: async () => {
      const began = now;
      now += took[looks] ?? 0;
      looks += 1;
      return began;
    },
    hold: async () => held[looks - 1] ?? false,
    now: () => now,
  });
  return done.then(() => looks);
}

describe('before an act that cannot be taken back', () => {
  it('a look that is young enough is enough', async () => {
    assert.equal(await looking({ took: [lookValidMs] }), 1);
  });

  it('a look that is older when it could be acted on is not: it is looked at again', async () => {
    assert.equal(await looking({ took: [lookValidMs + 1, 5_000] }), 2);
    assert.equal(await looking({ took: [3_600_000, 3_600_000, 5_000] }), 3);
  });

  it('three old looks in turn refuse the act, and ask for no fourth', async () => {
    let asked = 0;
    const old = lookFreshly({
      prove: async () => {
        asked += 1;
        return 0;
      },
      hold: async () => false,
      now: () => lookValidMs + 1,
    });
    await assert.rejects(old, (error) => {
      assert.ok(error instanceof ApplicationFailure);
      assert.deepEqual([error.type, error.nonRetryable], ['PreconditionFailed', true]);
      return /older than 3 minutes/.test(error.message);
    });
    assert.equal(asked, 3);
  });

  it('a look from before a pause is none, however short it was, and a pause of a night uses up no look', async () => {
    assert.equal(await looking({ took: [10, 10], held: [true, false] }), 2);
    const night = 8 * 3_600_000;
    assert.equal(
      await looking({ took: [night, night, night, night, 10], held: [true, true, true, true, false] }),
      5,
    );
  });
});
