import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** As much of kubectl as the node scripts use: `config view`, and two raw calls to an API that knows some tokens. */
const args = process.argv.slice(2);
const option = (name: string) => args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
const after = (name: string) => args[args.indexOf(name) + 1] ?? '';

interface Kubeconfig {
  clusters: unknown[];
  users: { user?: { token?: string; 'client-certificate-data'?: string } }[];
  'current-context'?: string;
}

function main(): number {
  const config = load(option('kubeconfig') ?? '');
  if (!config) return fail('error: current-context must exist in order to minify');
  if (args.includes('view')) return print(evaluate(after('-o').replace(/^jsonpath=/, ''), config));
  if (args.includes('get')) return readyz();
  return review(config);
}

function load(file: string): Kubeconfig | undefined {
  const config = parse(readFileSync(file, 'utf8')) as Kubeconfig | null;
  return config?.['current-context'] ? config : undefined;
}

/** `{.clusters[0].cluster.server}{"\n"}` */
function evaluate(template: string, config: Kubeconfig): string {
  return template.replace(/\{("\\n"|[^}]*)\}/g, (_, expression: string) => {
    if (expression.startsWith('"')) return '\n';
    let value: unknown = config;
    for (const key of expression.split(/[.[\]]+/).filter((part) => part !== '')) {
      value = (value as Record<string, unknown> | undefined)?.[key];
    }
    return typeof value === 'string' ? value : '';
  });
}

function readyz(): number {
  const said = fake('readyz');
  return said === undefined ? print('ok') : fail(said);
}

function review(config: Kubeconfig): number {
  const down = fake('api-down');
  if (down !== undefined) return fail(down);
  const accepted = (fake('accepted-tokens') ?? '').split('\n');
  const token = config.users[0]?.user?.token ?? '';
  if (!accepted.includes(token)) return fail('error: You must be logged in to the server (Unauthorized)');
  return print('{"kind":"SelfSubjectAccessReview","status":{"allowed":true}}');
}

function fake(name: string): string | undefined {
  try {
    return readFileSync(`${process.env['CPR_ROOT']}/fake/${name}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function fail(text: string): number {
  process.stderr.write(`${text}\n`);
  return 1;
}

process.exitCode = main();
