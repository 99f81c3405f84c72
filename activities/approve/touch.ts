/**
 * Was a FIDO key touched for this signature? sshd asks for that by default, `ssh-keygen -Y verify` does not, and a key made
 * with `-O no-touch-required` signs silently for whoever has the laptop. Undefined: not a FIDO key, nothing to ask.
 * Only for signatures that ssh-keygen has found well-formed.
 */
export function wasTouched(armored: string): boolean | undefined {
  const base64 = armored
    .split('\n')
    .filter((line) => !line.startsWith('-----'))
    .join('');
  // SSHSIG, version, then: public key, namespace, reserved, name of the hash, signature (PROTOCOL.sshsig).
  const [, , , , signature] = strings(Buffer.from(base64, 'base64').subarray(6 + 4), 5);
  const [type, , rest] = signature ? strings(signature, 2) : [];
  if (type === undefined || !type.toString('latin1').startsWith('sk-')) return undefined;
  // Flags and a counter stand behind the two strings (PROTOCOL.u2f); the lowest bit is the user's presence.
  return rest !== undefined && ((rest[0] ?? 0) & 1) === 1;
}

/** The first `count` length-prefixed strings, and what stands behind them. */
function strings(bytes: Buffer, count: number): Buffer[] {
  const found: Buffer[] = [];
  let rest = bytes;
  while (found.length < count && rest.length >= 4) {
    const end = 4 + rest.readUInt32BE(0);
    found.push(rest.subarray(4, end));
    rest = rest.subarray(end);
  }
  return [...found, rest];
}
