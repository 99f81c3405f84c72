/** What was found out about a snapshot file, on the node where it lies. */
export interface SnapshotFacts {
  sizeBytes: number;
  sha256: string;
  /** SHA-256 of all but the last 32 bytes is those 32 bytes. Checked otherwise only when it is restored, which is too late. */
  trailerMatches: boolean;
  /** `etcdutl snapshot status` found every page in order; it does not look at the trailer. */
  pagesIntact: boolean;
  revision: number;
  totalKeys: number;
}

/** Pages of 512 bytes at least, and the trailer after them. A copy of the database file itself has none, and lacks the log. */
const trailerBytes = 32;

/**
 * Why this is not a snapshot to rely on, or undefined. `revisionBefore`: the highest revision that a survivor had when it was
 * begun: an older one comes from a member that lagged.
 */
export function snapshotFault(facts: SnapshotFacts, revisionBefore: number): string | undefined {
  const { sizeBytes, sha256, trailerMatches, pagesIntact, revision, totalKeys } = facts;
  if (!/^[0-9a-f]{64}$/.test(sha256)) return 'its SHA-256 is not known';
  if (sizeBytes % 512 !== trailerBytes)
    return `its size of ${sizeBytes} bytes is not that of a whole snapshot`;
  if (!trailerMatches) return 'its integrity trailer does not match';
  if (!pagesIntact) return 'a page in it fails its check';
  if (!(revision >= revisionBefore)) return `its revision ${revision} is older than ${revisionBefore}`;
  return totalKeys > 0 ? undefined : 'it holds no keys';
}
