import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from '../host/run.ts';

/** Where Debian packages come from. */
export interface Mirror {
  main: string;
  security: string;
  /** Keyring file that signs both; without it apt's own trusted keys count. */
  signedBy?: string;
}

/** apt with a configuration and state of its own: the host's packages, lists and locks are neither read nor changed. */
export interface PrivateApt {
  /** deb822 file that names the suite. */
  sources: string;
  /** Unpacks packages, without their dependencies, into a directory. */
  extract(into: string, packages: readonly string[]): Promise<void>;
}

const DEBIAN: Mirror = {
  main: 'http://deb.debian.org/debian',
  security: 'http://deb.debian.org/debian-security',
};
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

export async function privateApt(dir: string, suite: string, signal?: AbortSignal): Promise<PrivateApt> {
  const sources = join(dir, 'sources.d', 'lab.sources');
  for (const part of ['sources.d', 'lists/partial', 'archives/partial', 'debs']) {
    await mkdir(join(dir, part), { recursive: true });
  }
  await writeFile(join(dir, 'status'), '');
  await writeFile(sources, debianSources(await hostMirror(), suite));
  const apt = (argv: readonly string[]) =>
    mustRun(['apt-get', '-qq', ...privateOptions(dir), ...argv], { cwd: join(dir, 'debs'), signal });
  await apt(['update']);
  return {
    sources,
    async extract(into, packages) {
      await apt(['download', ...packages]);
      for (const name of await readdir(join(dir, 'debs'))) {
        await mustRun(['dpkg', '-x', join(dir, 'debs', name), into], { signal });
        await rm(join(dir, 'debs', name));
      }
    },
  };
}

function privateOptions(dir: string): string[] {
  const settings = {
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': join(dir, 'sources.d'),
    'Dir::State': dir,
    'Dir::State::lists': join(dir, 'lists'),
    'Dir::State::status': join(dir, 'status'),
    'Dir::Cache': dir,
    'Dir::Cache::archives': join(dir, 'archives'),
    // The directory is root's alone; apt would warn that its unprivileged user cannot write there.
    'APT::Sandbox::User': 'root',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** deb822 text for `suite`, its updates and its security archive. */
export function debianSources(mirror: Mirror, suite: string): string {
  const stanza = (uri: string, suites: string) =>
    ['Types: deb', `URIs: ${uri}`, `Suites: ${suites}`, 'Components: main']
      .concat(mirror.signedBy ? [`Signed-By: ${mirror.signedBy}`] : [])
      .join('\n');
  return `${stanza(mirror.main, `${suite} ${suite}-updates`)}\n\n${stanza(mirror.security, `${suite}-security`)}\n`;
}

async function hostMirror(): Promise<Mirror> {
  const files = ['/etc/apt/sources.list'];
  const dir = '/etc/apt/sources.list.d';
  if (existsSync(dir)) for (const name of (await readdir(dir)).sort()) files.push(join(dir, name));
  const texts = await Promise.all(
    files.filter((file) => existsSync(file)).map((file) => readFile(file, 'utf8')),
  );
  const mirror = mirrorIn(texts.join('\n\n'));
  return existsSync(KEYRING) ? { ...mirror, signedBy: KEYRING } : mirror;
}

/**
 * The Debian mirror that a host's apt sources name, in the one-line or the deb822 format: a company's machine often
 * reaches no other. Third-party archives are told apart by their path. Not found: Debian's own address.
 */
export function mirrorIn(aptSources: string): Mirror {
  const uris = aptSources
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .flatMap((line) => line.match(/\b[a-z+]+:\/{1,3}[^\s\]]+/g) ?? []);
  const main = uris.find((uri) => /\/debian(\.list)?\/?$/.test(uri));
  const security = uris.find((uri) => /\/debian-security(\.list)?\/?$/.test(uri));
  if (!main) return DEBIAN;
  return { main, security: security ?? main.replace(/debian(\.list)?\/?$/, 'debian-security$1') };
}
