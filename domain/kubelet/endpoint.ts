import type { Kubeconfig, MasterObservation, Observation } from '../control-plane.ts';
import { valueOf } from '../reading.ts';
import type { Objection, Situation } from './guards.ts';
import { mastersGroup } from './identity.ts';
import { bootstrapPath, kubeconfigPath } from './names.ts';

/** Server and authority for a new bootstrap file, and the file on the node that they are taken from. */
export interface Endpoint {
  server: string;
  caSha256: string;
  source: string;
}

interface ClusterForm {
  server: string;
  caSha256: string;
  tlsServerName?: string;
}

type Where = Pick<Situation, 'observation' | 'target'>;

/**
 * The new bootstrap file takes server and CA from the node's own kubeconfig, and the kubelet takes them over from there: so
 * they must be what every other master uses, or a node bound to a dead address would be bound to it anew. Where that file is
 * gone, or holds cluster-admin and has to go, the kubelet writes another from the bootstrap file, and that is asked first.
 */
export function endpointFor(where: Where): Endpoint | Objection {
  const { target } = where;
  const kubelet = valueOf(target.kubelet);
  const others = serversOfOthers(where);
  const mismatch = (because: string) => mismatchOf(where, because);
  const candidates: [string, ClusterForm | undefined][] = isToBeWritten(where)
    ? [
        [bootstrapPath, formOf(kubelet?.bootstrap.file)],
        ...(kubelet?.adminKubeconfigs ?? []).map((file): [string, ClusterForm] => [file.path, file]),
      ]
    : [[kubeconfigPath, formOf(kubelet?.kubeconfig)]];
  const usable = candidates.flatMap(([source, form]) => (form && isSound(form) ? [{ source, form }] : []));
  if (usable.length === 0) return mismatch(`no file on ${target.name} names a usable server and CA`);
  if (others.length === 0) return mismatch('no other master could be asked which server its kubelet uses');
  const agreed = usable.find(({ form }) => others.every((server) => server === form.server));
  if (agreed) return { server: agreed.form.server, caSha256: agreed.form.caSha256, source: agreed.source };
  return mismatch(
    `the kubelets do not agree which server they use; ${target.name} uses ${usable[0]?.form.server ?? 'none'}`,
  );
}

/** The same for whoever writes a bootstrap file beside a kubelet that is well: its own kubeconfig, or none. */
export function endpointObjection(where: Where): Objection | undefined {
  const endpoint = endpointFor(where);
  if ('reason' in endpoint) return endpoint;
  return endpoint.source === kubeconfigPath
    ? undefined
    : mismatchOf(where, `${where.target.name} has no kubeconfig of its own`);
}

/** Names the server that the kubelets of the other masters use, in the form that a kubelet's kubeconfig has. */
export function isUsable(form: ClusterForm, where: Where): boolean {
  const others = serversOfOthers(where);
  return isSound(form) && others.length > 0 && others.every((server) => server === form.server);
}

function mismatchOf({ observation }: Where, because: string): Objection {
  const evidence = observation.masters.map((master) => ({
    fact: serverFact(master),
    source: master.kubelet.source,
  }));
  return { reason: 'EndpointMismatch', because, evidence };
}

function isToBeWritten({ target }: Where): boolean {
  const kubeconfig = valueOf(target.kubelet)?.kubeconfig;
  if (!kubeconfig || kubeconfig.state === 'missing') return true;
  return kubeconfig.state === 'present' && (kubeconfig.embeddedOrganizations ?? []).includes(mastersGroup);
}

function serversOfOthers({ observation, target }: { observation: Observation; target: MasterObservation }) {
  return observation.masters
    .filter((master) => master.name !== target.name && master.kubelet.known)
    .filter((master) => !isToBeWritten({ observation, target: master }))
    .map((master) => {
      const form = formOf(valueOf(master.kubelet)?.kubeconfig);
      return form && isSound(form) ? form.server : undefined;
    });
}

function formOf(file: Kubeconfig | undefined): ClusterForm | undefined {
  return file?.state === 'present' ? file : undefined;
}

function isSound({ server, caSha256, tlsServerName = '' }: ClusterForm): boolean {
  return /^https:\/\/[^/\s]+\/?$/.test(server) && /^[0-9a-f]{64}$/.test(caSha256) && tlsServerName === '';
}

function serverFact(master: MasterObservation): string {
  const kubeconfig = valueOf(master.kubelet)?.kubeconfig;
  if (kubeconfig?.state !== 'present')
    return `kubeconfig on ${master.name}: ${kubeconfig?.state ?? 'not seen'}`;
  return `kubeconfig on ${master.name}: server ${kubeconfig.server}, CA SHA-256 ${kubeconfig.caSha256}`;
}
