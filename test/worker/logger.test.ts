import assert from 'node:assert/strict';
import { mkdtempDisposableSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { createLogger, temporalLogger } from '../../worker/logger.ts';

it('every log line is one JSON object, with the level by name, an ISO time, and no secret however deep', () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'cpr-log-'));
  const destination = join(directory.path, 'deep', 'worker.log');
  const logger = createLogger({ level: 'warn', destination });
  const key = '-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n';
  temporalLogger(logger).warn('activity failed', { error: new Error(`server said ${key}!`) });
  temporalLogger(logger).error(`and ${key} again`);
  temporalLogger(logger).info('not logged at this level');
  const text = readFileSync(destination, 'utf8');
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    lines.map(({ level, msg }) => [level, msg]),
    [
      ['warn', 'activity failed'],
      ['error', 'and [secret removed]\n again'],
    ],
  );
  assert.match(String(lines[0]?.['time']), /^\d{4}-\d\d-\d\dT/);
  assert.match(JSON.stringify(lines[0]?.['error']), /server said \[secret removed\].*logger\.test\.ts/);
  assert.doesNotMatch(text, /PRIVATE KEY/);
});
