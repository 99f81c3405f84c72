/**
 * etcd's ids are unsigned 64-bit numbers: as JavaScript numbers they lose their last digits, and then two members may look
 * like one. So they are text everywhere, hexadecimal, lower case, without leading zeros.
 */
export function memberId(written: string, base: 'decimal' | 'hex'): string | undefined {
  const digits = base === 'decimal' ? /^\d{1,20}$/ : /^(0x)?[0-9a-f]{1,16}$/i;
  if (!digits.test(written)) return undefined;
  const value = BigInt(base === 'decimal' ? written : `0x${written.replace(/^0x/i, '')}`);
  return value > 0xffff_ffff_ffff_ffffn ? undefined : value.toString(16);
}

/** Zero is etcd's "none": no leader, no member. */
export function isMemberId(id: string): boolean {
  return /^[1-9a-f][0-9a-f]{0,15}$/.test(id);
}

/** As etcd's commands print it when they are asked for plain fields. */
export function decimalId(hexadecimal: string): string {
  return BigInt(`0x${hexadecimal}`).toString();
}
