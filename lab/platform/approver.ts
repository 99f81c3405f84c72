import 'reflect-metadata';
import { Pkcs10CertificateRequest, SubjectAlternativeNameExtension } from '@peculiar/x509';
import { approve, listCsrs, SERVING_SIGNER, type Csr } from '../cluster/approver.ts';
import type { Loop } from './loops.ts';
import { listMachines, type MachineObject } from './machines.ts';

/**
 * Stands in for cluster-machine-approver, for serving certificates: what a kubelet asks for is signed off when a
 * Machine has that node and every name and address in the request. After an address change that is only once the
 * Machine's status has followed; until then the request stays pending, and logs and exec on the node fail
 * (design §9.12; lab-kubernetes, incident 2). Client certificates of existing nodes it never touches (kubelet-auth):
 * that a person must is the situation of KubeletAuthRecovery.
 */
export function servingApprover(): Loop {
  const told = new Set<string>();
  return {
    name: 'machine-approver',
    everyMs: 1000,
    async step({ lab, log }) {
      const pending = newestPerNode(await listCsrs(lab.api)).filter((csr) => csr.pending);
      if (pending.length === 0) return;
      const machines = await listMachines(lab.api);
      for (const csr of pending) {
        const objection = whyNot(csr, machines);
        if (objection === undefined) {
          await approve(lab.api, csr);
          log(`approved ${csr.name} of ${csr.node}`);
        } else if (!told.has(`${csr.name} ${objection}`)) {
          told.add(`${csr.name} ${objection}`);
          log(`left ${csr.name} pending: ${objection}`);
        }
      }
    },
  };
}

/** The kubelet waits for its newest request; an older one would be issued and useless. */
function newestPerNode(newestFirst: readonly Csr[]): Csr[] {
  const serving = newestFirst.filter(({ signerName }) => signerName === SERVING_SIGNER);
  return serving.filter((csr, index) => serving.findIndex(({ node }) => node === csr.node) === index);
}

/** Why a serving certificate is not signed off, or undefined when it is. */
export function whyNot(csr: Csr, machines: readonly MachineObject[]): string | undefined {
  if (csr.node === undefined) return 'its subject is not a node';
  if (csr.requester !== `system:node:${csr.node}`) return `${csr.requester} asks in the name of ${csr.node}`;
  const machine = machines.find(({ status }) => status?.nodeRef?.name === csr.node);
  if (!machine) return `no Machine has the node ${csr.node}`;
  if (machine.metadata.deletionTimestamp) return `${machine.metadata.name} is being deleted`;
  const known = (machine.status?.addresses ?? []).map(({ address }) => address);
  const names = requestedNames(csr.object.spec.request);
  if (names.length === 0) return 'it asks for no name';
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return undefined;
  return `${machine.metadata.name} does not have ${unknown.join(', ')}`;
}

/** Subject alternative names of a request in base64 of PEM. */
function requestedNames(request: string): string[] {
  const parsed = new Pkcs10CertificateRequest(Buffer.from(request, 'base64').toString('utf8'));
  return parsed.extensions
    .filter((extension) => extension instanceof SubjectAlternativeNameExtension)
    .flatMap(({ names }) => names.toJSON().map(({ value }) => value));
}
