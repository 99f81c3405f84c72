import { HAPROXY_CONFIG, haproxyConfig } from '../cluster/endpoint.ts';
import { hosts } from '../cluster/node-files.ts';
import type { Lab } from '../handle.ts';
import { writeTree } from '../node/files.ts';
import { recordAddress } from '../node/address.ts';
import { readdress } from '../node/network.ts';
import { writeSshConfig } from '../node/ssh.ts';
import { INFRA, nodeDir } from '../settings.ts';
import { join } from 'node:path';
import { on } from './node-health.ts';

/**
 * Gives a node that is off another address: its interface, what name service and load balancer would know, our ssh.
 * Everything that the platform has written into files and objects stays as it is; that is the incident.
 */
export async function moveNode(lab: Lab, node: string, to: string): Promise<void> {
  const { settings } = lab;
  // Written down first: a change that is cut off here is then one that healing by force undoes.
  recordAddress(settings, node, to);
  await readdress(settings, node, to);
  writeSshConfig(settings);
  // Its own layer, since it is off.
  writeTree(join(nodeDir(settings, node), 'upper'), [{ path: 'etc/hosts', content: hosts(settings) }]);
  for (const other of [...lab.masters, INFRA]) {
    if (other !== node) await write(lab, other, '/etc/hosts', hosts(settings));
  }
  await write(lab, INFRA, `/${HAPROXY_CONFIG}`, haproxyConfig(settings));
  await on(lab, INFRA, 'systemctl', 'reload', 'haproxy');
}

async function write(lab: Lab, node: string, file: string, content: string): Promise<void> {
  const { code, stderr } = await lab.sh(node, ['sh', '-c', `cat > ${file}`], { input: content });
  if (code !== 0) throw new Error(`${node}: cannot write ${file}: ${stderr.trim()}`);
}
