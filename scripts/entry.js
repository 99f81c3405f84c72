// What `npm run demo` and `npm test` start. Plain JavaScript for any Node from 20 on: the Node that runs the project's
// .ts files comes with its dependencies, which may not be installed yet.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const programs = { demo: ['client/main.ts', 'demo'], test: ['scripts/test.ts'] };
const oldestStarter = [20, 0];
const oldestNode = [24, 12];

await main(process.argv.slice(2));

async function main([name, ...rest]) {
  const program = programs[name];
  if (!program) fail(`usage: node scripts/entry.js ${Object.keys(programs).join('|')} [arguments]`, 2);
  if (isOlder(process.versions.node, oldestStarter)) {
    fail(
      `Node 20 or newer is needed to begin with; this is ${process.version}. Install one from https://nodejs.org.`,
    );
  }
  if (isStale()) await install();
  const node = projectNode();
  const [script, ...fixed] = program;
  process.exitCode = await handOver([node, join(root, script), ...fixed, ...rest]);
}

/** Whether node_modules differs from package-lock.json; compared by content, since a clone's file times say nothing. */
function isStale() {
  const wanted = readLock(join(root, 'package-lock.json'));
  const installed = readLock(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !installed) return true;
  const isMissing = ([path, { version, optional }]) =>
    path !== '' && !optional && installed.packages[path]?.version !== version;
  return Object.entries(wanted.packages).some(isMissing) || !existsSync(localNode());
}

function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * `npm install` and not `npm ci`, which begins by deleting everything: a changed lock file would cost half a minute each
 * time. Node itself is a package with an install script, so scripts must run.
 */
async function install() {
  // Optional ones are mostly for other systems.
  const packages = Object.values(readLock(join(root, 'package-lock.json'))?.packages ?? {});
  const count = packages.filter(({ optional }) => !optional).length;
  console.error(`… Installing ${count || 'the'} npm packages (usually 30 s, 0.7 GB)`);
  const began = Date.now();
  const tick = setInterval(() => console.error(`  still installing, ${seconds(began)}`), 15_000);
  const code = await handOver(
    ['npm', 'install', '--ignore-scripts=false', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      // The person wants to know how it goes, not what npm says to scripts: its standard output is not our result.
      stdio: ['ignore', 2, 2],
    },
  );
  clearInterval(tick);
  if (code !== 0) {
    fail(
      'npm install failed (above). It needs the npm registry and about 0.7 GB here; then run the same command again.',
      code,
    );
  }
  console.error(`✓ Installing npm packages, ${seconds(began)}`);
}

/** The project's own Node, else the one that runs this when it is new enough. */
function projectNode() {
  for (const node of [localNode(), process.execPath]) {
    const { status, stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
    if (status === 0 && !isOlder(stdout.trim().replace('v', ''), oldestNode)) return node;
  }
  return fail(
    `Node ${oldestNode.join('.')} or newer is needed and the npm package "node" did not bring it: ` +
      'remove node_modules and run the same command again.',
  );
}

function localNode() {
  return join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
}

/** Runs a command to its end in our place: its output is ours, its end is ours, and it decides what a Ctrl-C means. */
function handOver([command, ...args], options = {}) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
  // A terminal's Ctrl-C reaches the child by itself; we must not end before it has cleaned up.
  const onTerminate = () => child.kill('SIGTERM');
  process.on('SIGINT', stay);
  process.on('SIGTERM', onTerminate);
  return new Promise((resolve) => {
    child.on('error', (error) => fail(`${command} cannot be started: ${error.message}`));
    child.on('exit', (code, signal) => {
      process.off('SIGINT', stay);
      process.off('SIGTERM', onTerminate);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

function stay() {}

function isOlder(version, [major, minor]) {
  const [a, b] = version.split('.').map(Number);
  return a < major || (a === major && b < minor);
}

function seconds(since) {
  return `${Math.round((Date.now() - since) / 1000)} s`;
}

function fail(sentence, code = 1) {
  console.error(sentence);
  process.exit(code);
}
