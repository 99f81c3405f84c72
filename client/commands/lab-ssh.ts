import { spawn } from 'node:child_process';
import { examples, type Declare } from '../declare.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { requireLab, requireNode } from '../lab-target.ts';

export const declareSsh: Declare = (lab, act) => {
  lab
    .command('ssh')
    .summary('log in to a node of the lab')
    .description(
      'Logs in to a node of the lab as core (sudo needs no password), or runs one command there. Ends with exit code 0 or 1.',
    )
    .argument('<node>', 'node of the lab')
    .argument('[command...]', 'command to run there, behind --')
    .addHelpText(
      'after',
      examples(
        ['cpr lab ssh master-1', 'a shell'],
        ['cpr lab ssh master-1 -- sudo journalctl -u kubelet -n 50', 'one command'],
      ),
    )
    .action(
      act(async (_context, node: string, command: string[]) => {
        const running = requireNode(await requireLab(), node);
        const { sshConfigPath } = await import('../../lab/node/ssh.ts');
        return runSsh(sshConfigPath(running.settings), node, command);
      }),
    );
};

function runSsh(config: string, node: string, command: readonly string[]): Promise<ExitCode> {
  return new Promise((resolve, reject) => {
    const rest = command.length > 0 ? ['--', ...command] : [];
    const child = spawn('ssh', ['-F', config, node, ...rest], { stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => resolve(code === 0 ? exitCodes.done : exitCodes.error));
  });
}
