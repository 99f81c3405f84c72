import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import canonicalize from 'canonicalize';
import { createApproveActivities } from '../../../activities/approve/index.ts';
import type { Approvers } from '../../../activities/connections/cluster.ts';
import type { SignatureVerdict, Statement } from '../../../domain/statement.ts';
import { softwareSecurityKey } from '../../support/security-key.ts';
import { keyRing } from '../../support/signing-keys.ts';
import { clusterWith } from '../support/fake-node.ts';

const keys = keyRing();

before(() => {
  keys.make('anna');
  keys.make('bob', 'ecdsa');
  keys.make('carl', 'rsa');
  keys.make('ca');
});

after(() => keys.remove());

function vote(by = 'anna@example.com', more: Statement = {}): Statement {
  return { kind: 'vote', cluster: 'lab', decision: 'approve', by, reason: 'read “it” – näher', ...more };
}

function verify(
  approvers: Approvers | undefined,
  statement: Statement,
  signature: string,
): Promise<SignatureVerdict> {
  const known = { ...clusterWith('master-1'), ...(approvers ? { approvers } : {}) };
  const activities = createApproveActivities({ inventory: () => known });
  return new MockActivityEnvironment().run(() =>
    activities.verifyStatement({ cluster: 'lab', statement, signature }),
  );
}

/** Allowed signers as they are written, and the verdict on one statement that one of them signed. */
function allow(...lines: string[]): Approvers {
  return { allowedSigners: keys.write('allowed', `${lines.join('\n')}\n`) };
}

const anna = () => `anna@example.com ${keys.publicKey('anna')}\n`;
const annaAllowed = () => allow(anna().trim());

function refusedAs(verdict: SignatureVerdict, reason: string, sentence: RegExp): void {
  assert.ok(!verdict.valid, 'it proves nothing');
  assert.equal(verdict.refused, reason);
  assert.match(verdict.sentence, sentence);
  assert.ok(!verdict.sentence.includes(keys.directory), 'no path of the host is shown');
}

describe('a signature that proves the name', () => {
  for (const name of ['anna', 'bob', 'carl']) {
    it(`is one of a key of its own kind (${name})`, async () => {
      const approvers = allow('# approvers', '', `someone,${name}@example.com ${keys.publicKey(name)}`);
      const statement = vote(`${name}@example.com`);
      const verdict = await verify(approvers, statement, keys.sign(name, statement));
      const proof = { principal: `${name}@example.com`, key: keys.fingerprint(name) };
      assert.deepEqual(verdict, { valid: true, proof });
    });
  }

  it('is one that an agent made, for a person whose private key is not on the disk', async () => {
    const statement = vote();
    const verdict = await verify(annaAllowed(), statement, keys.signWithAgent('anna', statement));
    assert.ok(verdict.valid);
  });

  it('is one of a hardware key', async () => {
    const key = softwareSecurityKey();
    const signature = key.sign(canonicalize(vote()) ?? '');
    const verdict = await verify(allow(`anna@example.com ${key.publicKey}`), vote(), signature);
    assert.ok(verdict.valid);
    assert.match(verdict.proof.key, /^SHA256:/);
  });

  it('is one of a certificate that names the person, by a listed authority', async () => {
    keys.keygen('-q', '-s', 'ca', '-I', 'anna-1', '-n', 'anna@example.com', '-V', '+1h', 'anna.pub');
    const approvers = allow(
      `*@example.com cert-authority,namespaces="control-plane-recovery" ${keys.publicKey('ca')}`,
    );
    const verdict = await verify(approvers, vote(), keys.sign('anna-cert.pub', vote()));
    assert.deepEqual(verdict, {
      valid: true,
      proof: { principal: 'anna@example.com', key: keys.fingerprint('anna') },
    });
    const other = vote('bob@example.com');
    refusedAs(
      await verify(approvers, other, keys.sign('anna-cert.pub', other)),
      'WrongSigner',
      /anna@example.com/,
    );
  });

  it('leaves nothing behind in the temporary directory', async () => {
    const earlier = readdirSync(tmpdir());
    await verify(annaAllowed(), vote(), keys.sign('anna', vote()));
    const left = readdirSync(tmpdir()).filter(
      (name) => name.startsWith('cpr-verify-') && !earlier.includes(name),
    );
    assert.deepEqual(left, []);
  });
});

describe('BadSignature', () => {
  it('when it is one of a hardware key that nobody touched', async () => {
    const key = softwareSecurityKey();
    const signature = key.sign(canonicalize(vote()) ?? '', false);
    const verdict = await verify(allow(`anna@example.com ${key.publicKey}`), vote(), signature);
    refusedAs(verdict, 'BadSignature', /was not touched/);
  });

  it('when a field was altered after signing', async () => {
    const signature = keys.sign('anna', vote());
    const verdict = await verify(annaAllowed(), vote(undefined, { decision: 'reject' }), signature);
    refusedAs(verdict, 'BadSignature', /not over exactly these fields/);
  });

  it('when a field was added that was not signed', async () => {
    const verdict = await verify(
      annaAllowed(),
      { ...vote(), expires: '2030-01-01T00:00:00Z' },
      keys.sign('anna', vote()),
    );
    refusedAs(verdict, 'BadSignature', /not over exactly these fields/);
  });

  it('when it was made for another purpose, such as a commit', async () => {
    const verdict = await verify(annaAllowed(), vote(), keys.sign('anna', vote(), 'git'));
    refusedAs(verdict, 'BadSignature', /-n control-plane-recovery/);
  });

  const damaged: [string, (good: string) => string][] = [
    ['is empty', () => ''],
    ['is no signature', () => 'approved, Anna'],
    ['lost its last line', (good) => good.trim().split('\n').slice(0, -1).join('\n')],
    ['lost a line in the middle', (good) => good.split('\n').toSpliced(2, 1).join('\n')],
    ['is a mebibyte long', (good) => good.replace('\n', `\n${'A'.repeat(1024 * 1024)}\n`)],
    ['holds a NUL', (good) => good.replace('U1NIU0', 'U1\u0000IU0')],
  ];
  for (const [what, damage] of damaged) {
    it(`when it ${what}`, async () => {
      const verdict = await verify(annaAllowed(), vote(), damage(keys.sign('anna', vote())));
      refusedAs(verdict, 'BadSignature', /signature/);
    });
  }
});

describe('UnknownKey', () => {
  const lines: [string, () => string, RegExp][] = [
    [
      'is not in the file',
      () => `anna@example.com ${keys.publicKey('bob')}`,
      /is not in the allowed-signers file of lab/,
    ],
    [
      'has expired',
      () => `anna@example.com valid-before="20200101" ${keys.publicKey('anna')}`,
      /line 1: key has expired/,
    ],
    [
      'is not valid yet',
      () => `anna@example.com valid-after="20990101" ${keys.publicKey('anna')}`,
      /line 1: key is not yet valid/,
    ],
    [
      'is for another purpose',
      () => `anna@example.com namespaces="git" ${keys.publicKey('anna')}`,
      /not permitted for use in signature namespace/,
    ],
  ];
  for (const [what, line, sentence] of lines) {
    it(`when the key ${what}`, async () => {
      refusedAs(await verify(allow(line()), vote(), keys.sign('anna', vote())), 'UnknownKey', sentence);
    });
  }

  it('as soon as the file is replaced by one without the key', async () => {
    const signature = keys.sign('anna', vote());
    assert.ok((await verify(annaAllowed(), vote(), signature)).valid);
    refusedAs(
      await verify(allow(`x ${keys.publicKey('bob')}`), vote(), signature),
      'UnknownKey',
      /not in the/,
    );
  });
});

describe('WrongSigner', () => {
  it('when the key is somebody else’s', async () => {
    const approvers = allow(
      `anna@example.com ${keys.publicKey('anna')}`,
      `bob@example.com ${keys.publicKey('bob')}`,
    );
    const verdict = await verify(approvers, vote(), keys.sign('bob', vote()));
    refusedAs(verdict, 'WrongSigner', /is that of "bob@example.com", not of "anna@example.com"/);
  });

  for (const by of [
    'Anna@example.com',
    'anna@example.com ',
    'anna@example',
    '*',
    'anna@example.com,bob@example.com',
  ]) {
    it(`when the name is not exactly the one in the file: '${by}'`, async () => {
      refusedAs(await verify(annaAllowed(), vote(by), keys.sign('anna', vote(by))), 'WrongSigner', /not of/);
    });
  }

  it('when the file gives the key to a pattern: one person could vote under every name', async () => {
    const approvers = allow(`*@example.com ${keys.publicKey('anna')}`);
    refusedAs(
      await verify(approvers, vote(), keys.sign('anna', vote())),
      'WrongSigner',
      /a pattern proves no name/,
    );
  });

  for (const by of ['', 'anna\n', 'an\u0000na', 'x'.repeat(1000)]) {
    it(`when there is no name that could stand in a file: ${JSON.stringify(by.slice(0, 10))}`, async () => {
      refusedAs(await verify(annaAllowed(), vote(by), 'unused'), 'WrongSigner', /names nobody/);
    });
  }
});

describe('RevokedKey', () => {
  it('when the key stands in a list of revoked keys, or in a revocation list of ssh-keygen', async () => {
    const signature = keys.sign('anna', vote());
    keys.keygen('-q', '-k', '-f', 'krl', 'anna.pub');
    const plain = keys.write(
      'plain',
      `# left in June\n${keys.publicKey('bob')}\n${keys.publicKey('anna')}\n`,
    );
    for (const revoked of [keys.path('krl'), plain]) {
      const verdict = await verify({ ...annaAllowed(), revoked }, vote(), signature);
      refusedAs(verdict, 'RevokedKey', /is revoked: sign with another/);
    }
  });

  it('says nothing of a key that is not in the list', async () => {
    const revoked = keys.write('plain', keys.publicKey('bob'));
    assert.ok((await verify({ ...annaAllowed(), revoked }, vote(), keys.sign('anna', vote()))).valid);
  });
});

describe('SignersUnusable', () => {
  const states: [string, () => Approvers | undefined, RegExp][] = [
    ['the inventory names no file', () => undefined, /names no approvers.allowedSigners for lab/],
    [
      'the file is missing',
      () => ({ allowedSigners: keys.path('nowhere') }),
      /cannot be read: it does not exist/,
    ],
    ['the file is empty', () => ({ allowedSigners: keys.write('a', '') }), /names nobody/],
    [
      'the file holds only comments',
      () => ({ allowedSigners: keys.write('a', `# ${anna()}\n  \n`) }),
      /names nobody/,
    ],
    ['the file is a directory', () => ({ allowedSigners: keys.directory }), /is a directory/],
    ['the file is a device', () => ({ allowedSigners: '/dev/null' }), /is not a regular file/],
    [
      'everybody may write the file',
      () => ({ allowedSigners: keys.write('a', anna(), 0o646) }),
      /written by everybody.*chmod go-w/,
    ],
    [
      'a group may write the file',
      () => ({ allowedSigners: keys.write('a', anna(), 0o664) }),
      /written by its group.*chmod go-w/,
    ],
    [
      'the file is too large',
      () => ({ allowedSigners: keys.write('a', anna().repeat(20_000)) }),
      /is larger than/,
    ],
    [
      'the line of the person is malformed',
      () => allow(`anna@example.com ssh-ed25519 AAAA`),
      /malformed: line 1: invalid key/,
    ],
    [
      'the list of revoked keys is missing',
      () => ({ ...annaAllowed(), revoked: keys.path('nowhere') }),
      /list of revoked keys of lab .* does not exist/,
    ],
    [
      'the list of revoked keys is malformed',
      () => ({ ...annaAllowed(), revoked: keys.write('r', 'bob left\n') }),
      /is neither a revocation list/,
    ],
  ];
  for (const [what, approvers, sentence] of states) {
    it(`when ${what}`, async () => {
      const verdict = await verify(approvers(), vote(), keys.sign('anna', vote()));
      refusedAs(verdict, 'SignersUnusable', sentence);
      assert.match(verdict.valid ? '' : verdict.sentence, /No signature counts before that is put right/);
    });
  }

  it('when the worker’s host has no ssh-keygen', async () => {
    const signature = keys.sign('anna', vote());
    const approvers = annaAllowed();
    const { PATH } = process.env;
    process.env['PATH'] = keys.directory;
    try {
      refusedAs(
        await verify(approvers, vote(), signature),
        'SignersUnusable',
        /no ssh-keygen; install OpenSSH/,
      );
    } finally {
      process.env['PATH'] = PATH;
    }
  });

  it('is not a matter of a slip in another person’s line', async () => {
    const approvers = allow('bob@example.com ssh-ed25519 AAAA', anna().trim());
    assert.ok((await verify(approvers, vote(), keys.sign('anna', vote()))).valid);
  });
});
