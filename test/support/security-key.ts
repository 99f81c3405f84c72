import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { signatureNamespace } from '../../domain/statement.ts';

/** A FIDO key in software: what `ssh-keygen -t ed25519-sk` makes in hardware, signing as the hardware would. */
export function softwareSecurityKey(): {
  publicKey: string;
  sign: (text: string, touched?: boolean) => string;
} {
  const application = 'ssh:';
  const pair = generateKeyPairSync('ed25519');
  const raw = pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const blob = Buffer.concat([text('sk-ssh-ed25519@openssh.com'), text(raw), text(application)]);
  return {
    publicKey: `sk-ssh-ed25519@openssh.com ${blob.toString('base64')}`,
    sign: (message, wasTouched = true) => {
      const touched = Buffer.from([wasTouched ? 1 : 0, 0, 0, 0, 7]);
      const signed = Buffer.concat([
        sha256(application),
        touched,
        sha256(Buffer.concat([Buffer.from('SSHSIG'), ...wrapping(), text(sha512(message))])),
      ]);
      const signature = Buffer.concat([
        text('sk-ssh-ed25519@openssh.com'),
        text(sign(null, signed, pair.privateKey)),
        touched,
      ]);
      const whole = Buffer.concat([
        Buffer.from('SSHSIG'),
        Buffer.from([0, 0, 0, 1]),
        text(blob),
        ...wrapping(),
        text(signature),
      ]);
      const lines = whole.toString('base64').replaceAll(/(.{70})/g, '$1\n');
      return `-----BEGIN SSH SIGNATURE-----\n${lines.trim()}\n-----END SSH SIGNATURE-----\n`;
    },
  };
}

/** Namespace, reserved, name of the hash. */
function wrapping(): Buffer[] {
  return [text(signatureNamespace), text(''), text('sha512')];
}

function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function sha256(value: string | Buffer): Buffer {
  return createHash('sha256').update(value).digest();
}

function sha512(value: string): Buffer {
  return createHash('sha512').update(value).digest();
}
