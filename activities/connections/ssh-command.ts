import type { ClusterConnection } from './cluster.ts';

const CONNECT_TIMEOUT_S = 5;

/** A master as ssh is asked for it. */
export interface SshNode {
  name: string;
  address: string;
}

/**
 * The name is what ssh's own configuration file is asked for, the address is what it dials: an inventory and a file that
 * disagree must not lead to another machine. Host keys are never learnt on the way.
 */
export function sshArguments(
  cluster: ClusterConnection,
  { name, address }: SshNode,
  controlPath: string,
  what: { command: string } | { port: number },
): string[] {
  const options = {
    BatchMode: 'yes',
    StrictHostKeyChecking: 'yes',
    HostName: address,
    ConnectTimeout: String(CONNECT_TIMEOUT_S),
    // A node that died under an open connection is noticed in about six seconds.
    ServerAliveInterval: '2',
    ServerAliveCountMax: '3',
    // What carries a port uses a shared connection that is there, and leaves none behind.
    ControlMaster: 'command' in what ? 'auto' : 'no',
    ControlPath: controlPath,
    // A roll-out of minutes, of which the API alone is asked, lies between two looks of one run.
    ControlPersist: '300',
    ForwardAgent: 'no',
    ClearAllForwardings: 'yes',
    PermitLocalCommand: 'no',
    RequestTTY: 'no',
    LogLevel: 'ERROR',
  };
  return [
    ...(cluster.ssh.config === undefined ? [] : ['-F', cluster.ssh.config]),
    ...Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]),
    ...('port' in what ? ['-W', `127.0.0.1:${what.port}`] : []),
    '-l',
    cluster.ssh.user,
    '--',
    name,
    ...('command' in what ? [what.command] : []),
  ];
}
