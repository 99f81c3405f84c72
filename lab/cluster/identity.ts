import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { sshConfigPath } from '../node/ssh.ts';
import { addressOf, apiIntName, LOGIN_USER, MASTERS, type LabSettings } from '../settings.ts';
import { apiUrl, type Api } from './api.ts';
import type { ClusterPki } from './certificates.ts';
import { kubeconfig } from './kubeconfigs.ts';
import { snapshotPlace } from './snapshot-key.ts';
import { Hopeless } from './wait.ts';

/** The only identity that the runbooks use; its roles are in deploy/rbac. */
const CPR_NAMESPACE = 'control-plane-recovery';
const CPR_ACCOUNT = 'cpr';
export const CPR_USER = `system:serviceaccount:${CPR_NAMESPACE}:${CPR_ACCOUNT}`;

const RBAC_DIR = join(import.meta.dirname, '../../deploy/rbac');
/** Longer than any lab lives. */
const TOKEN_SECONDS = 30 * 24 * 3600;

export function inventoryPath(settings: LabSettings): string {
  return join(settings.dir, 'clusters.yaml');
}

/** Gives cpr its service account and roles, and writes what it needs to reach the lab: kubeconfig and inventory. */
export async function makeIdentity(
  settings: LabSettings,
  pki: ClusterPki,
  api: Api,
  kubectl: (args: string[]) => Promise<string>,
  rbacDir = RBAC_DIR,
): Promise<void> {
  requireRbac(rbacDir);
  await kubectl(['apply', '-f', rbacDir]);
  const token = await mintToken(api);
  writeKubeconfig(settings, pki, token);
  writeFileSync(inventoryPath(settings), inventory(settings, await snapshotPlace(settings)));
}

function requireRbac(dir: string): void {
  if (existsSync(dir) && readdirSync(dir).some((file) => file.endsWith('.yaml'))) return;
  throw new Hopeless(`There is nothing to apply in ${dir}; it holds the roles of the service account cpr.`);
}

async function mintToken(api: Api): Promise<string> {
  const path = `/api/v1/namespaces/${CPR_NAMESPACE}/serviceaccounts/${CPR_ACCOUNT}/token`;
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: TOKEN_SECONDS },
  };
  const { status } = await api.send<{ status: { token: string } }>('POST', path, body);
  return status.token;
}

function writeKubeconfig(settings: LabSettings, pki: ClusterPki, token: string): void {
  const content = kubeconfig({
    server: apiUrl(settings),
    tlsServerName: apiIntName(settings),
    ca: pki.read('kube-apiserver-server-ca.crt'),
    user: CPR_ACCOUNT,
    credential: { token },
  });
  mkdirSync(settings.dir, { recursive: true });
  writeFileSync(join(settings.dir, 'cpr.kubeconfig'), content, { mode: 0o600 });
}

/** `clusters.yaml` for the cluster `lab`: nothing in a lab needs a person's patience. */
function inventory(settings: LabSettings, snapshots: Awaited<ReturnType<typeof snapshotPlace>>): string {
  const masters = MASTERS.map((node) => [node, { address: addressOf(settings, node) }] as const);
  return stringify(
    {
      clusters: {
        [settings.name]: {
          api: { kubeconfig: join(settings.dir, 'cpr.kubeconfig') },
          ssh: { user: LOGIN_USER, config: sshConfigPath(settings) },
          masters: Object.fromEntries(masters),
          approvals: 'open',
          snapshots,
          policy: { gateDeadline: '1h', reobserveEvery: '30s', soak: '5s' },
        },
      },
    },
    { lineWidth: 0 },
  );
}
