import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePorts } from '../../../lab/temporal/ports.ts';
import { startTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { launch, spawnWorker } from '../support/worker-process.ts';

describe('npm run worker', () => {
  let temporal: TestTemporal;
  let directory: string;
  let config: string;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    temporal = await startTestTemporal();
    directory = await mkdtemp(join(tmpdir(), 'cpr-main-'));
    config = join(directory, 'clusters.yaml');
    const cluster = '{ api: { kubeconfig: ./k }, masters: { master-0: { address: 192.0.2.1 } } }';
    await writeFile(config, `clusters:\n  east: ${cluster}\n  west: ${cluster}\n`);
    env = { TEMPORAL_ADDRESS: temporal.server.address, TEMPORAL_CONFIG_FILE: join(directory, 'no.toml') };
  });
  after(async () => {
    await temporal.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** Runs a worker that must not become ready; its exit code and what its log says. */
  async function failed(args: string[], over: NodeJS.ProcessEnv = {}) {
    const worker = launch({ args, env: { ...env, ...over } });
    const code = await worker.ended;
    return { code, said: worker.lines.map(({ msg }) => msg).join('\n') };
  }

  it('serves the runbooks and every cluster, warns of what it cannot read, exports metrics, and ends on SIGTERM', async () => {
    const [port] = await freePorts(1);
    const worker = await spawnWorker({ args: ['--config', config, '--metrics', `127.0.0.1:${port}`], env });
    const ready = await worker.untilLogged(({ msg }) => msg === 'worker ready');
    assert.deepEqual(ready['queues'], ['runbooks', 'cluster/east', 'cluster/west']);
    assert.equal(ready['inventory'], config);
    const warned = worker.lines.filter(({ level }) => level === 'warn').map(({ msg }) => msg);
    assert.equal(
      warned[0],
      `${config}: clusters.east.api.kubeconfig: ${directory}/k does not exist or cannot be read`,
    );
    assert.match(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(), /temporal_/);
    assert.equal(await worker.stop(), 0);
  });

  it('serves only the named cluster, and refuses a name that is not in the inventory', async () => {
    const worker = await spawnWorker({ args: ['--config', config, '--cluster', 'west'], env });
    const ready = await worker.untilLogged(({ msg }) => msg === 'worker ready');
    assert.deepEqual(ready['queues'], ['runbooks', 'cluster/west']);
    assert.equal(await worker.stop(), 0);
    const { code, said } = await failed(['--config', config, '--cluster', 'wset']);
    assert.deepEqual(
      [code, said.split('\n').at(-1)],
      [2, `${config} knows no cluster wset; it has east, west.`],
    );
  });

  it('ends with 1 when Temporal cannot be reached, and says where', async () => {
    const [port] = await freePorts(1);
    const { code, said } = await failed(['--config', config], { TEMPORAL_ADDRESS: `127.0.0.1:${port}` });
    assert.equal(code, 1);
    assert.match(
      said,
      new RegExp(
        `Temporal cannot be reached \\(127\\.0\\.0\\.1:${port}, namespace default, profile default\\): connection refused`,
      ),
    );
  });

  it('ends with 2 when the namespace does not exist', async () => {
    const { code, said } = await failed(['--config', config], { TEMPORAL_NAMESPACE: 'nowhere' });
    assert.equal(code, 2);
    assert.match(said, /Temporal has no such namespace \(.*namespace nowhere/);
  });

  it('ends with 2 when the inventory is wrong, one log line for each problem', async () => {
    const wrong = join(directory, 'wrong.yaml');
    await writeFile(
      wrong,
      'clusters:\n  a: { api: { kubeconfig: k }, masters: { m: { address: foo }, n: { address: bar } } }\n',
    );
    const { code, said } = await failed(['--config', wrong]);
    assert.equal(code, 2);
    assert.deepEqual(said.split('\n').length, 2);
    assert.match(said, /wrong\.yaml:2: clusters\.a\.masters\.m\.address: expected an IP address, got 'foo'/);
  });

  it('ends with 1 when the port for the metrics is taken', async () => {
    await using squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const metrics = `127.0.0.1:${(squatter.address() as AddressInfo).port}`;
    const { code, said } = await failed(['--config', config, '--metrics', metrics]);
    assert.deepEqual([code, said], [1, `Metrics cannot be served on ${metrics}: the port is taken.`]);
  });

  it('ends with 2 on an option that it does not know', async () => {
    assert.equal((await failed(['--confg', config])).code, 2);
  });
});
