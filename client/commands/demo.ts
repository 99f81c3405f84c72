import { examples, type Declare } from '../declare.ts';

export const declareDemo: Declare = (parent, act) => {
  parent
    .command('demo')
    .summary('the whole story on this machine, from broken to healed')
    .description(
      'Starts a Temporal server and a real three-master control plane on this machine (Linux, root), breaks the kubelet of master-1 as in the incident, lets cpr find it, asks you to approve the plan, heals it, prints the report, and stops everything.',
    )
    .option('--yes', 'approve the plan without asking (the default without a terminal)')
    .option('--keep', 'leave everything running at the end')
    .addHelpText(
      'after',
      examples(
        ['cpr demo', 'you approve: with a key, or in the browser'],
        ['cpr demo --yes --keep', 'no questions; everything goes on running'],
      ),
    )
    .action(
      act(async (context, options: { yes?: boolean; keep?: boolean }) => {
        const { demo } = await import('../demo.ts');
        return demo(context, options);
      }),
    );
};
