import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { cacheDir } from './host/cache.ts';

/** Where one lab lives on this machine, and the names by which its parts are found again after a crash. */
export interface LabSettings {
  name: string;
  /** Everything that belongs to this lab alone; `lab down` removes it. */
  dir: string;
  /** Prefix of its cgroups and network namespaces. */
  prefix: string;
  bridge: string;
  /** First three bytes of its /24: the host is .1, masters are .11 .12 .13, infra is .14. */
  subnet: string;
  /** Policy routing table, and the preference of its rule, that keep the lab's packets inside the lab. */
  routingTable: number;
  domain: string;
}

const DEFAULT_SUBNET = '10.78.0';
const FIRST_TABLE = 7000;

export const MASTERS = ['master-0', 'master-1', 'master-2'] as const;
/** Holds the API endpoint; not a cluster node. */
export const INFRA = 'infra';
export const NODES = [...MASTERS, INFRA] as const;
/** The login user of OpenShift's nodes. */
export const LOGIN_USER = 'core';

/**
 * What stands around the control plane: nothing, or OpenShift's objects and the stand-ins that act on them, as in 4.16
 * (the etcd operator's quorum gate is in front of everything) or as on its main branch (in front of revisions only).
 */
export const PLATFORMS = ['none', '4.16', 'main'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** `CPR_LAB_NAME` and `CPR_LAB_SUBNET` make a second lab beside the first; both have a default. */
export function labSettings(env: NodeJS.ProcessEnv = process.env): LabSettings {
  const name = checkedName(env['CPR_LAB_NAME'] || 'lab');
  return {
    name,
    dir: join(cacheDir(env), 'lab', name),
    prefix: `cpr-${name}`,
    bridge: `cpr-${name}0`,
    subnet: checkedSubnet(env['CPR_LAB_SUBNET'] || DEFAULT_SUBNET),
    routingTable: FIRST_TABLE + hashOf(name, 1000),
    domain: 'lab.test',
  };
}

export function addressOf(settings: LabSettings, node: string): string {
  const index = (NODES as readonly string[]).indexOf(node);
  if (index < 0) throw new Error(`There is no node ${node} in the lab; its nodes are ${NODES.join(', ')}.`);
  return `${settings.subnet}.${11 + index}`;
}

export function apiIntName(settings: LabSettings): string {
  return `api-int.${settings.domain}`;
}

export function nodeDir(settings: LabSettings, node: string): string {
  return join(settings.dir, 'nodes', node);
}

/** The name becomes part of an interface's, and those end at 15 characters. */
function checkedName(text: string): string {
  if (/^[a-z][a-z0-9]{0,8}$/.test(text)) return text;
  throw new Error(`CPR_LAB_NAME: expected up to 9 small letters and digits, got ${text}.`);
}

function hashOf(text: string, below: number): number {
  return createHash('sha256').update(text).digest().readUInt32BE() % below;
}

function checkedSubnet(text: string): string {
  const parts = text.split('.');
  const ok = parts.length === 3 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  if (ok) return text;
  throw new Error(
    `CPR_LAB_SUBNET: expected the first three bytes of a private /24, such as 10.78.0, got ${text}.`,
  );
}
