import type { Lab } from '../../../lab/lab.ts';

/** Id of the member that leads, as one of them says. */
export async function etcdLeader(lab: Lab, asked = 'master-0'): Promise<string> {
  const text = await lab.etcdctl(asked, ['endpoint', 'status', '-w', 'json']);
  // 64-bit: a number would lose digits.
  return /"leader":(\d+)/.exec(text)?.[1] ?? 'none';
}
