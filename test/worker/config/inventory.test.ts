import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultEtcdPolicy } from '../../../domain/etcd/policy.ts';
import { defaultPolicy } from '../../../domain/policy.ts';
import { parseInventory } from '../../../worker/config/inventory.ts';
import { isInventoryError } from '../../../worker/config/problems.ts';

const healthy = `clusters:
  prod-eu-1:
    api:
      kubeconfig: ./prod.kubeconfig
    ssh:
      user: core
      config: ./ssh_config
    masters:
      master-0: { address: 10.0.0.11 }
      master-1: { address: 10.0.0.12 }
      master-2: { address: fd00::13 }
    approvals: open
    policy:
      gateDeadline: 1h30m
`;

const signed = healthy.replace(
  'approvals: open',
  'approvals: signed\n    approvers: { allowedSigners: ./who, revoked: ./gone }',
);

const recipient = 'age19tsvhsg26d0ymhsxydqyhy4vxal2v5aludjrwdzvx2upajms3g0sxapzgp';

function withCopies(to: string, keep?: string): string {
  const rest = keep === undefined ? '' : `, keep: ${keep}`;
  return healthy.replace(
    '    policy:',
    `    snapshots: { directory: ./copies, recipient: ${to}${rest} }\n    policy:`,
  );
}

function parse(text: string) {
  return parseInventory(text, { file: 'clusters.yaml', baseDir: '/etc/cpr' });
}

/** The sentences of the error that the text must cause. */
function problemsOf(text: string): string[] {
  try {
    parse(text);
  } catch (error) {
    if (isInventoryError(error)) return error.message.split('\n');
    throw error;
  }
  return assert.fail('the inventory was accepted');
}

describe('an inventory', () => {
  it('becomes absolute paths, milliseconds and safe defaults', () => {
    assert.deepEqual(parse(healthy)['prod-eu-1'], {
      name: 'prod-eu-1',
      api: { kubeconfig: '/etc/cpr/prod.kubeconfig' },
      ssh: { user: 'core', config: '/etc/cpr/ssh_config' },
      masters: {
        'master-0': { address: '10.0.0.11' },
        'master-1': { address: '10.0.0.12' },
        'master-2': { address: 'fd00::13' },
      },
      policy: { ...defaultPolicy, approvals: 'open', gateDeadlineMs: 5_400_000 },
      etcd: defaultEtcdPolicy,
    });
  });

  it('without `approvals` never acts', () => {
    assert.equal(parse(healthy.replace('    approvals: open\n', ''))['prod-eu-1']?.policy.approvals, 'none');
  });

  it('with signed approvals says where the keys of its approvers stand', () => {
    const { approvers, policy } = parse(signed)['prod-eu-1'] ?? assert.fail('it is there');
    assert.equal(policy.approvals, 'signed');
    assert.deepEqual(approvers, { allowedSigners: '/etc/cpr/who', revoked: '/etc/cpr/gone' });
  });

  it('without a policy has the defaults of the domain, whatever they are', () => {
    const bare = 'clusters: { a: { api: { kubeconfig: k }, masters: { m: { address: 10.0.0.1 } } } }';
    assert.deepEqual(parse(bare)['a']?.policy, defaultPolicy);
    assert.deepEqual(parse(bare)['a']?.etcd, defaultEtcdPolicy);
  });
});

function withLane(...lines: string[]): string {
  return healthy.replace(
    '    approvals: open\n',
    `    approvals: open\n${lines.map((line) => `    ${line}\n`).join('')}`,
  );
}

describe('the way to a master', () => {
  it('is ssh, unless the inventory says that it is a pod', () => {
    assert.equal(parse(healthy)['prod-eu-1']?.nodeAccess, undefined);
    assert.equal(parse(withLane('nodeAccess: pod'))['prod-eu-1']?.nodeAccess, 'pod');
    assert.match(problemsOf(withLane('nodeAccess: telnet')).join(), /nodeAccess: expected `ssh` or `pod`/);
  });

  it('has an image of its own only with a digest', () => {
    const image = `quay.io/tools@sha256:${'0a'.repeat(32)}`;
    assert.deepEqual(parse(withLane(`nodePod: { image: '${image}' }`))['prod-eu-1']?.nodePod, { image });
    const problems = problemsOf(withLane('nodePod: { image: quay.io/tools:latest }')).join();
    assert.match(problems, /nodePod\.image: expected an image with its digest/);
  });
});

describe('copies of snapshots', () => {
  const keeping = (keep: string) => parse(withCopies(recipient, keep))['prod-eu-1']?.snapshots?.keep;

  it('go to an absolute directory, and five of them are kept unless somebody says otherwise', () => {
    const expected = { directory: '/etc/cpr/copies', recipient, keep: { copies: 5 } };
    assert.deepEqual(parse(withCopies(recipient))['prod-eu-1']?.snapshots, expected);
  });

  it('are kept by number or by age', () => {
    assert.deepEqual(keeping('30'), { copies: 30 });
    assert.deepEqual(keeping('30d'), { forMs: 30 * 86_400_000 });
  });

  for (const keep of ['0', '-1', '1.5', '1m', 'all', '99999d']) {
    it(`are not kept by ${keep}`, () => {
      assert.match(problemsOf(withCopies(recipient, keep)).join(), /expected a number of copies/);
    });
  }

  const wrongKeys = {
    'with one letter changed': recipient.replace('age19t', 'age19q'),
    'in capitals': recipient.toUpperCase(),
    'that is a private key': 'AGE-SECRET-KEY-1QQPQYKSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZ',
    'of ssh': 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI',
  };
  for (const [what, key] of Object.entries(wrongKeys)) {
    it(`are not encrypted to a key ${what}`, () => {
      assert.match(problemsOf(withCopies(key)).join(), /recipient: expected a public key of age/);
    });
  }
});

describe('a wrong inventory is refused with file, line, path and what was expected', () => {
  const cases: { claim: string; text: string; says: string }[] = [
    {
      claim: 'an address that is none',
      text: healthy.replace('10.0.0.12', 'foo'),
      says: `clusters.yaml:10: clusters.prod-eu-1.masters.master-1.address: expected an IP address, got 'foo'`,
    },
    {
      claim: 'two masters with one address',
      text: healthy.replace('10.0.0.12', '10.0.0.11'),
      says: `clusters.yaml:10: clusters.prod-eu-1.masters.master-1.address: expected an address of its own: master-0 has the same, got '10.0.0.11'`,
    },
    {
      claim: 'a misspelt key',
      text: healthy.replace('gateDeadline', 'gateDeadlin'),
      says: `clusters.yaml:14: clusters.prod-eu-1.policy.gateDeadlin: unknown key; did you mean 'gateDeadline'?`,
    },
    {
      claim: 'a key that is like none',
      text: healthy.replace('user: core', 'password: hunter2'),
      says: `clusters.yaml:6: clusters.prod-eu-1.ssh.password: unknown key; expected one of user, config`,
    },
    {
      claim: 'a duration without a unit',
      text: healthy.replace('1h30m', '30'),
      says: `clusters.yaml:14: clusters.prod-eu-1.policy.gateDeadline: expected a duration such as 30s, 5m, 4h or 1h30m, got '30'`,
    },
    {
      claim: 'a duration out of range',
      text: healthy.replace('1h30m', '1s'),
      says: `clusters.yaml:14: clusters.prod-eu-1.policy.gateDeadline: expected a duration from 10s to 30d, got '1s'`,
    },
    {
      claim: 'an approval by nobody',
      text: `${healthy}      votes: { reversible: 0 }\n`,
      says: `clusters.yaml:15: clusters.prod-eu-1.policy.votes.reversible: expected at least 1: nothing is ever approved by itself, got '0'`,
    },
    {
      claim: 'signed approvals by nobody',
      text: healthy.replace('approvals: open', 'approvals: signed'),
      says: 'clusters.yaml:2: clusters.prod-eu-1.approvers: expected `allowedSigners: FILE`: with `approvals: signed` only the keys in it count, but the key is missing',
    },
    {
      claim: 'approvers whom nobody asks',
      text: healthy.replace('    policy', '    approvers: { allowedSigners: ./who }\n    policy'),
      says: 'clusters.yaml:13: clusters.prod-eu-1.approvers: expected only with `approvals: signed`: without that no signature is asked for, got a map or a list',
    },
    {
      claim: 'approvers without a file of their keys',
      text: signed.replace('{ allowedSigners: ./who, revoked: ./gone }', '{ revoked: ./gone }'),
      says: 'clusters.yaml:13: clusters.prod-eu-1.approvers.allowedSigners: expected the path of a file, but the key is missing',
    },
    {
      claim: 'a mode of approval that does not exist',
      text: healthy.replace('approvals: open', 'approvals: yes please'),
      says: `clusters.yaml:12: clusters.prod-eu-1.approvals: expected \`open\` or \`signed\`, or no such key: then cpr observes and plans, but never acts, got 'yes please'`,
    },
    {
      claim: 'no kubeconfig',
      text: healthy.replace('      kubeconfig: ./prod.kubeconfig\n', '      context: admin\n'),
      says: 'clusters.yaml:3: clusters.prod-eu-1.api.kubeconfig: expected the path of a file, but the key is missing',
    },
    {
      claim: 'no masters',
      text: healthy.replace(/masters:[^]*?approvals/, 'masters: {}\n    approvals'),
      says: 'clusters.yaml:8: clusters.prod-eu-1.masters: expected at least one master, got a map or a list',
    },
    {
      claim: 'a name that no queue can carry',
      text: healthy.replace('prod-eu-1', 'Prod EU'),
      says: `clusters.yaml:2: clusters.Prod EU: expected a name of lower-case letters, digits, dots and dashes, got 'Prod EU'`,
    },
    {
      claim: 'an empty cluster',
      text: 'clusters:\n  a:\n',
      says: 'clusters.yaml:2: clusters.a: expected a map of keys, but it is empty',
    },
    {
      claim: 'an empty file',
      text: '',
      says: 'clusters.yaml:1: expected a map of keys, but it is empty',
    },
    {
      claim: 'a cluster written twice',
      text: `${healthy}${healthy.replace('clusters:\n', '')}`,
      says: 'clusters.yaml:15: not valid YAML: Map keys must be unique',
    },
    {
      claim: 'broken YAML',
      text: 'clusters:\n  a: { api: }}\n',
      says: `clusters.yaml:2: not valid YAML: `,
    },
  ];
  for (const { claim, text, says } of cases) {
    it(claim, () => {
      const problems = problemsOf(text);
      assert.equal(problems[0]?.slice(0, says.length), says, problems.join('\n'));
      if (!says.endsWith(': ')) assert.equal(problems[0], says);
    });
  }

  it('names every problem at once, in the order of the lines', () => {
    const text = healthy.replace('10.0.0.12', 'foo').replace('1h30m', 'soon').replace('user:', 'usr:');
    const lines = problemsOf(text).map((problem) => problem.split(':')[1]);
    assert.deepEqual(lines, ['6', '10', '14']);
  });

  it('never repeats a long value, which may be a token', () => {
    const token = `eyJhbGciOiJSUzI1NiJ9.${'x'.repeat(200)}`;
    const [problem] = problemsOf(healthy.replace('1h30m', token));
    assert.ok(problem !== undefined && !problem.includes(token.slice(0, 40)), problem);
  });
});
