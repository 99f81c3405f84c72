export function quorumOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** How many voters may still fail before the cluster stands still; negative: it stands still already. */
export function toleranceOf(voters: number, healthy: number): number {
  return healthy - quorumOf(voters);
}

export interface Count {
  voters: number;
  healthy: number;
}

/** The arithmetic of one change, for a person to check: one sentence for now, one for afterwards. */
export function arithmetic(now: Count, change: 'remove' | 'removed' | 'keep'): string[] {
  const words = [`Now: ${countInWords(now)}`];
  if (change === 'remove') {
    const after = { voters: now.voters - 1, healthy: now.healthy };
    words.push(`After the removal: ${countInWords(after)}`);
    if (toleranceOf(after.voters, after.healthy) === 0)
      words.push('Until the new member is promoted, one more failure is an outage.');
  } else if (toleranceOf(now.voters, now.healthy) === 0) {
    words.push('Until the member is back, one more failure is an outage.');
  }
  return words;
}

function countInWords({ voters, healthy }: Count): string {
  const tolerated = toleranceOf(voters, healthy);
  const needed = `${voters} voters, ${quorumOf(voters)} needed for quorum, ${healthy} healthy:`;
  if (tolerated < 0) return `${needed} there is no quorum.`;
  if (tolerated === 0) return `${needed} no further failure is tolerated.`;
  return `${needed} ${tolerated} more may fail.`;
}

/**
 * Why no member may be taken out of this count, or undefined. Stricter than etcd's own check, which lets two voters become
 * one, and lets a healthy member go while all are healthy.
 *
 * `masters`: how many there are. The voters are all of them, with exactly the target bad; or all but the target, when it was
 * removed before.
 */
export function countObjection(
  count: Count,
  masters: number,
  target: 'listed' | 'removed',
): string | undefined {
  const { voters, healthy } = count;
  if (masters !== 3 && masters !== 5) return `${masters} masters; three or five are what this recovery knows`;
  if (toleranceOf(voters, healthy) < 0) return countInWords(count);
  const wanted = target === 'listed' ? masters : masters - 1;
  if (voters !== wanted) return `${voters} voters, where ${wanted} are expected`;
  if (healthy !== masters - 1)
    return `${healthy} of ${voters} voters are healthy, where ${masters - 1} are expected`;
  return toleranceOf(masters - 1, healthy) < 0 ? countInWords(count) : undefined;
}
