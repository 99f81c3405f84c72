import { Option, type Command } from 'commander';
import { PLATFORMS, type Platform } from '../../lab/settings.ts';
import { examples, type Act, type Declare } from '../declare.ts';
import { exitCodes } from '../exit-codes.ts';
import { asLabFailure, nodeNamed, progressOf, requireFault, requireLab, requireNode } from '../lab-target.ts';
import { tell } from '../output.ts';
import { renderFaults, renderLabStatus, renderLabUp } from '../render/lab.ts';
import { declareSsh } from './lab-ssh.ts';

export const declareLab: Declare = (parent, act) => {
  const lab = parent
    .command('lab')
    .summary('a real three-master control plane on this machine, and faults for it')
    .description(
      'A real three-master control plane in namespaces of this machine (Linux, root): systemd, containerd, kubelet, etcd, kube-apiserver. Break it, and let cpr bring it back.',
    );
  declareUp(lab, act);
  declareDown(lab, act);
  declareLabStatus(lab, act);
  declareSsh(lab, act);
  declareBreak(lab, act);
  declareHeal(lab, act);
  declareFaults(lab, act);
};

function declareUp(lab: Command, act: Act): void {
  lab
    .command('up')
    .summary('bring the lab up')
    .description(
      'Brings the lab up. The first time it builds what the lab is made of (minutes); after that it takes about a minute. A lab that is up stays as it is; one that was left half up is cleaned away first.',
    )
    .addOption(
      new Option(
        '--platform <platform>',
        "OpenShift's objects and stand-ins around the control plane, as in this release",
      ).choices(PLATFORMS),
    )
    .addHelpText(
      'after',
      examples(
        ['cpr lab up', ''],
        ['cpr lab up --platform main', "with OpenShift's kinds, Machines and etcd operator"],
        ['cpr dev', 'then, in another terminal: a Temporal server and a worker for it'],
      ),
    )
    .action(
      act(async (context, { platform }: { platform?: Platform }) => {
        const { labUp } = await import('../../lab/lab.ts');
        const { io } = context;
        const up = await asLabFailure(io, () =>
          labUp({ progress: progressOf(context), signal: io.signal, platform }),
        );
        const data = {
          state: 'up',
          cluster: up.name,
          api: up.apiUrl,
          masters: up.masters,
          platform: up.platform,
          inventory: up.inventory,
        };
        await tell(context, { data, text: () => renderLabUp(data) });
        return exitCodes.done;
      }),
    );
}

function declareDown(lab: Command, act: Act): void {
  lab
    .command('down')
    .summary('take the lab down; the machine is as it was')
    .description(
      'Takes the lab down, whole or half up, and leaves the machine as it was. What was built stays in the cache.',
    )
    .addHelpText('after', examples(['cpr lab down', '']))
    .action(
      act(async (context) => {
        const { labDown } = await import('../../lab/lab.ts');
        const { io } = context;
        await asLabFailure(io, () => labDown({ progress: progressOf(context), signal: io.signal }));
        await tell(context, { data: { state: 'down' }, text: () => 'The lab is down.' });
        return exitCodes.done;
      }),
    );
}

function declareLabStatus(lab: Command, act: Act): void {
  lab
    .command('status')
    .summary('whether the lab is up, and its nodes')
    .description('Says whether the lab is up, and which of its nodes run. Exit code 3 when it is not up.')
    .addHelpText('after', examples(['cpr lab status', '']))
    .action(
      act(async (context) => {
        const { labStatus } = await import('../../lab/lab.ts');
        const status = await asLabFailure(context.io, () => labStatus());
        await tell(context, { data: status, text: () => renderLabStatus(status) });
        return status.state === 'up' ? exitCodes.done : exitCodes.findings;
      }),
    );
}

function declareBreak(lab: Command, act: Act): void {
  lab
    .command('break')
    .summary('inject a fault, and wait until it shows')
    .description('Injects a fault into a node and waits until its symptom is really there.')
    .argument('<fault>', 'see cpr lab faults')
    .argument('[node]', 'master to break; default master-1')
    .option('--node <name>', 'the same, as the other commands have it')
    .addHelpText(
      'after',
      examples(
        ['cpr lab break kubelet-anonymous master-1', 'the incident'],
        ['cpr diagnose lab', 'then: what does cpr say?'],
      ),
    )
    .action(
      act(async (context, name: string, given: string | undefined, options: { node?: string }) => {
        const fault = await requireFault(name);
        const node = nodeNamed(given, options.node);
        const running = requireNode(await requireLab(), node);
        await asLabFailure(context.io, () => fault.break(running, node, { progress: progressOf(context) }));
        const text = () => `${node} is broken: ${fault.symptom}`;
        await tell(context, { data: { fault: name, node, symptom: fault.symptom }, text });
        return exitCodes.done;
      }),
    );
}

function declareHeal(lab: Command, act: Act): void {
  lab
    .command('heal')
    .summary('heal a fault by force, without cpr')
    .description(
      'Heals a fault by force, with what was kept outside the node: for when an experiment is over. It is not a recovery.',
    )
    .argument('<fault>', 'see cpr lab faults')
    .argument('[node]', 'master to heal; default master-1')
    .option('--node <name>', 'the same, as the other commands have it')
    .addHelpText('after', examples(['cpr lab heal kubelet-anonymous master-1', '']))
    .action(
      act(async (context, name: string, given: string | undefined, options: { node?: string }) => {
        const fault = await requireFault(name);
        const node = nodeNamed(given, options.node);
        const running = requireNode(await requireLab(), node);
        await asLabFailure(context.io, () =>
          fault.healByForce(running, node, { progress: progressOf(context) }),
        );
        await tell(context, {
          data: { fault: name, node, healed: true },
          text: () => `${node} is healed by force.`,
        });
        return exitCodes.done;
      }),
    );
}

function declareFaults(lab: Command, act: Act): void {
  lab
    .command('faults')
    .summary('the faults there are')
    .description(
      'Lists the faults: what each breaks; with -o wide also what a person sees and how it is healed by force.',
    )
    .addHelpText('after', examples(['cpr lab faults -o wide', '']))
    .action(
      act(async (context) => {
        const { faults } = await import('../../lab/faults/index.ts');
        const data = faults.map(({ name, sentence, symptom, heal }) => ({ name, sentence, symptom, heal }));
        await tell(context, {
          data: { faults: data },
          text: () => renderFaults(data, context.options.output === 'wide'),
        });
        return exitCodes.done;
      }),
    );
}
