import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { removeSecrets } from '../../worker/secrets.ts';

const key = `-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY/PuoAoGCCqGSM49\n-----END EC PRIVATE KEY-----`;
const certificate = `-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUJfX0\n-----END CERTIFICATE-----`;
const jwt = `eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.eyJpc3MiOiJrdWJlcm5ldGVzL3NlcnZpY2UifQ.c2lnbmF0dXJl`;
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('the net before logs and payloads', () => {
  const caught: [string, string][] = [
    ['a private key', key],
    ['a private key inside a JSON line', JSON.stringify({ key }).slice(8, -2)],
    ['a private key that was cut off', key.slice(0, 60)],
    ['a key in PKCS#8', key.replaceAll('EC PRIVATE', 'PRIVATE')],
    ['a service account token', jwt],
    ['the key of a kubeconfig', base64(key)],
    ['an RSA key of a kubeconfig', base64(key.replaceAll('EC PRIVATE', 'RSA PRIVATE'))],
    ['a PKCS#8 key of a kubeconfig', base64(key.replaceAll('EC PRIVATE', 'PRIVATE'))],
  ];
  for (const [claim, secret] of caught) {
    it(`removes ${claim} and nothing around it`, () => {
      assert.equal(removeSecrets(`before "${secret}`), 'before "[secret removed]');
    });
  }

  it('removes two keys and leaves what stands between them', () => {
    assert.equal(removeSecrets(`${key} and ${key}`), '[secret removed] and [secret removed]');
  });

  const kept: [string, string][] = [
    ['a certificate', certificate],
    ['the certificate of a kubeconfig', base64(certificate)],
    ['a SHA-256', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['a kubelet log line', 'node "master-1" system:anonymous cannot get resource: Unauthorized'],
    ['a name of six and sixteen letters', 'master.examplecompany01'],
  ];
  for (const [claim, text] of kept) {
    it(`keeps ${claim}`, () => {
      assert.equal(removeSecrets(text), text);
    });
  }
});
