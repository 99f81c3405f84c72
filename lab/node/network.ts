import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mustRun, run } from '../host/run.ts';
import { addressOf, type LabSettings } from '../settings.ts';

/** Per network namespace, so nothing of the host changes by these. */
const NODE_SYSCTLS = [
  // Neighbours learn a new address at once.
  'net.ipv4.conf.all.arp_notify=1',
  'net.ipv4.conf.default.arp_notify=1',
  'net.ipv4.ip_forward=1',
  // A moved node that forwards would answer for its old address with redirects until neighbours' ARP ages.
  'net.ipv4.conf.all.send_redirects=0',
  'net.ipv4.conf.default.send_redirects=0',
  'net.ipv4.ping_group_range=0 2147483647',
  'net.ipv6.conf.all.disable_ipv6=1',
];

/** The lab's bridge. Whatever the machine forwards (one with Docker does), nothing from the lab leaves the lab. */
export async function networkUp(settings: LabSettings): Promise<void> {
  const { bridge, subnet, routingTable } = settings;
  await requireFreeSubnet(settings);
  const table = String(routingTable);
  await ip('link', 'add', bridge, 'type', 'bridge', 'forward_delay', '0');
  await ip('addr', 'add', `${subnet}.1/24`, 'dev', bridge);
  await ip('link', 'set', bridge, 'up');
  await ip('rule', 'add', 'pref', table, 'iif', bridge, 'lookup', table);
  await ip('route', 'replace', `${subnet}.0/24`, 'dev', bridge, 'table', table);
  await ip('route', 'replace', 'unreachable', 'default', 'table', table);
}

/** Removes what `networkUp` made, however much of it is there. */
export async function networkDown({ bridge, routingTable }: LabSettings): Promise<void> {
  const table = String(routingTable);
  await run(['ip', 'rule', 'del', 'pref', table]);
  await run(['ip', 'route', 'flush', 'table', table]);
  await run(['ip', 'link', 'del', bridge]);
}

/** A node's namespace, cable and address. A named namespace, so that it outlives the node's reboots. */
export async function connectNode(settings: LabSettings, node: string): Promise<void> {
  const namespace = namespaceOf(settings, node);
  const cable = cableOf(settings, node);
  await ip('netns', 'add', namespace);
  await ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
  await ip('link', 'set', cable, 'master', settings.bridge, 'up');
  await ip('-n', namespace, 'link', 'set', 'lo', 'up');
  await mustRun(['ip', 'netns', 'exec', namespace, 'sysctl', '-qw', ...NODE_SYSCTLS]);
  await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
  await address(settings, node, addressOf(settings, node));
}

/** Gives the node this address and no other. Its namespace is there also while the node is off. */
export async function readdress(settings: LabSettings, node: string, to: string): Promise<void> {
  // First away, then new: an address added to the same subnet is a secondary one, and goes with the first.
  await ip('-n', namespaceOf(settings, node), 'addr', 'flush', 'dev', 'eth0');
  await address(settings, node, to);
}

async function address(settings: LabSettings, node: string, to: string): Promise<void> {
  const namespace = namespaceOf(settings, node);
  await ip('-n', namespace, 'addr', 'add', `${to}/24`, 'dev', 'eth0');
  // kube-apiserver looks for a default route; the policy table above makes it a dead end.
  await ip('-n', namespace, 'route', 'replace', 'default', 'via', `${settings.subnet}.1`);
}

/** Plugs the node's cable in or out; the node itself does not notice anything but the silence. */
export async function plugCable(settings: LabSettings, node: string, state: 'up' | 'down'): Promise<void> {
  await ip('link', 'set', cableOf(settings, node), state);
}

export async function disconnectNode(settings: LabSettings, node: string): Promise<void> {
  const namespace = namespaceOf(settings, node);
  if (existsSync(`/run/netns/${namespace}`)) await run(['ip', 'netns', 'del', namespace]);
  await run(['ip', 'link', 'del', cableOf(settings, node)]);
}

export function namespaceOf({ prefix }: LabSettings, node: string): string {
  return `${prefix}-${node}`;
}

/** The host's end of a node's cable; interface names end at 15 characters. */
function cableOf({ prefix }: LabSettings, node: string): string {
  return `lv${createHash('sha256').update(`${prefix}-${node}`).digest('hex').slice(0, 8)}`;
}

async function requireFreeSubnet({ subnet, bridge }: LabSettings): Promise<void> {
  const { stdout } = await mustRun(['ip', '-o', '-4', 'addr', 'show']);
  const taken = stdout
    .split('\n')
    .find((line) => line.includes(` ${subnet}.`) && !line.includes(` ${bridge} `));
  if (!taken) return;
  throw new Error(
    `This machine uses ${subnet}.0/24 itself (${taken.split(/\s+/)[1]}). ` +
      'Give the lab another one: CPR_LAB_SUBNET=10.79.0',
  );
}

async function ip(...args: string[]): Promise<void> {
  await mustRun(['ip', ...args]);
}
