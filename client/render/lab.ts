import { table, wrap } from './text.ts';

export function renderLabUp(lab: {
  cluster: string;
  api: string;
  masters: readonly string[];
  inventory: string;
  platform?: string | undefined;
}): string {
  const next: [command: string, what: string][] = [
    ['cpr dev', 'a Temporal server and a worker, in another terminal'],
    ['cpr lab break kubelet-anonymous master-1', 'break it as in the incident'],
    // Without an etcd operator nobody would bring the member back.
    ...((lab.platform ?? 'none') === 'none'
      ? []
      : [['cpr lab break etcd-address-change master-2', 'or an etcd member'] as [string, string]]),
    [`cpr diagnose ${lab.cluster}`, 'what does cpr say?'],
  ];
  const width = Math.max(...next.map(([command]) => command.length)) + 2;
  return [
    `The lab is up: cluster ${lab.cluster}, ${lab.masters.join(', ')}, API at ${lab.api}.`,
    `Inventory: ${lab.inventory}`,
    '',
    'Next:',
    ...next.map(([command, what]) => `  ${command.padEnd(width)}${what}`),
  ].join('\n');
}

export function renderLabStatus(status: {
  state: string;
  nodes: readonly { name: string; address: string; running: boolean }[];
  platform?: { name: string; running: boolean };
}): string {
  const rows = status.nodes.map(({ name, address, running }) => [
    name,
    address,
    running ? 'running' : 'not running',
  ]);
  const next =
    { up: '', down: '\n`cpr lab up` brings it up.' }[status.state] ??
    '\n`cpr lab up` cleans it away and starts anew; `cpr lab down` takes it away.';
  const { platform } = status;
  const operators = platform
    ? `\nThe operators of ${platform.name} ${platform.running ? 'run' : 'do not run; `cpr lab up` starts them'}.`
    : '';
  const nodes = table(['NODE', 'ADDRESS', 'STATE'], rows);
  return `The lab is ${status.state}.\n\n${nodes}${operators && `\n${operators}`}${next && `\n${next}`}`;
}

export function renderFaults(
  faults: readonly { name: string; sentence: string; symptom: string; heal: string }[],
  wide: boolean,
): string {
  if (!wide) {
    const width = Math.max(...faults.map(({ name }) => name.length)) + 2;
    const rows = faults.map(({ name, sentence }) =>
      wrap(sentence, ' '.repeat(width), undefined, name.padEnd(width)),
    );
    return [`${'FAULT'.padEnd(width)}WHAT IT BREAKS`, ...rows].join('\n');
  }
  return faults
    .map(({ name, sentence, symptom, heal }) =>
      [
        name,
        wrap(sentence, '           ', undefined, '  breaks   '),
        wrap(symptom, '           ', undefined, '  symptom  '),
        wrap(heal, '           ', undefined, '  by force '),
      ].join('\n'),
    )
    .join('\n\n');
}
