import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isWorkerError } from '../../worker/errors.ts';
import { connectToTemporal } from '../../worker/temporal.ts';
import { freePorts } from '../../lab/temporal/ports.ts';

describe('a worker that cannot reach Temporal says where, with which profile, and what to do', () => {
  let directory: string;
  let config: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cpr-profile-'));
    config = join(directory, 'temporal.toml');
  });
  after(() => rm(directory, { recursive: true }));

  async function failureOf(toml: string, profile?: string) {
    await writeFile(config, toml);
    const connecting = connectToTemporal({ profile, env: { TEMPORAL_CONFIG_FILE: config } });
    const error = await connecting.then(
      () => assert.fail('connected'),
      (failed: unknown) => failed,
    );
    return isWorkerError(error) ? error : assert.fail(String(error));
  }

  it('nobody listens', async () => {
    const [port] = await freePorts(1);
    const address = `127.0.0.1:${port}`;
    const { code, message } = await failureOf(
      `[profile.night]\naddress = "${address}"\nnamespace = "oncall"\n`,
      'night',
    );
    assert.equal(code, 'TemporalUnreachable');
    const start = `Temporal cannot be reached (${address}, namespace oncall, profile night): connection refused. Check the address`;
    assert.ok(message.startsWith(start), message);
  });

  it('the profile does not exist', async () => {
    const { code, message } = await failureOf('[profile.day]\naddress = "127.0.0.1:1"\n', 'night');
    assert.equal(code, 'BadConfiguration');
    assert.match(message, /The Temporal profile night \(.*temporal\.toml/);
  });

  it('the file is empty', async () => {
    const { code, message } = await failureOf('');
    assert.equal(code, 'BadConfiguration');
    assert.match(message, /cannot be used: there is no profile in the file\./);
  });

  it('a key of the profile is misspelt', async () => {
    const { code, message } = await failureOf('[profile.default]\nadress = "127.0.0.1:1"\n');
    assert.equal(code, 'BadConfiguration');
    assert.match(message, /adress/);
  });

  it('the client certificate is not there', async () => {
    const tls =
      '[profile.default.tls]\nclient_cert_path = "/nowhere/cert"\nclient_key_path = "/nowhere/key"\n';
    const { code, message } = await failureOf(`[profile.default]\naddress = "127.0.0.1:1"\n${tls}`);
    assert.equal(code, 'BadConfiguration');
    assert.match(message, /\/nowhere\/cert/);
  });
});
