import type { LadderActivities } from '../../activities/kubelet-contract.ts';
import { ownRequestName } from '../../domain/kubelet/names.ts';
import { kubeletCsr } from '../support/observations.ts';
import { approved, change, reach, unchanged } from './acts.ts';
import { failure } from './failure.ts';
import { keptFile } from './observe.ts';
import type { SimulatedCluster } from './state.ts';

/** The acts of the rungs besides R2b, upon the model. */
export function simulatedLadder(
  load: (cluster: string) => SimulatedCluster,
  clock: () => Date,
): LadderActivities {
  return {
    noteWaitingRequest: async ({ cluster: name, node: target, csr }) => {
      const { cluster, node } = reach(load(name), target);
      const own = cluster.csrs.filter(({ commonName }) => commonName === csr.commonName);
      const waiting = own.filter(({ createdAt }) => Date.parse(createdAt) >= Date.parse(node.startedAt));
      const [one, ...more] = waiting;
      if (!one) throw failure('CsrNotYetThere', `no request of ${target} since its kubelet started`);
      if (more.length > 0) throw failure('TwoMatchingCsrs', `${waiting.length} requests wait`);
      return {
        before: own.filter(({ uid }) => uid !== one.uid).map(({ uid }) => uid),
        startedAt: node.startedAt,
      };
    },

    relinkCertificate: async ({ cluster: name, node: target, scripts, kept }) => {
      const { cluster, node } = approved(reach(load(name), target), scripts);
      if (node.certificate === 'present') return unchanged(`The certificate of ${target} is linked already.`);
      if (!node.kept || kept.sha256 !== keptFile.sha256)
        throw failure('PreconditionFailed', `${kept.path} is no longer what was approved`);
      node.certificate = 'present';
      delete node.kept;
      return change(cluster, `relink ${target}`, `Linked the certificate of ${target}.`);
    },

    makeKubeletKey: async ({ cluster: name, node: target, scripts }) => {
      const { cluster, node } = approved(reach(load(name), target), scripts);
      if (node.key) return { ...unchanged(`The key of ${target} is there.`), publicKeySha256: node.key };
      node.key = 'ee'.repeat(32);
      return {
        ...change(cluster, `make key ${target}`, `Made a key on ${target}.`),
        publicKeySha256: node.key,
      };
    },

    fileKubeletRequest: async ({ cluster: file, node: target, scripts, runId, csr, publicKeySha256 }) => {
      const { cluster, node } = approved(reach(load(file), target), scripts);
      if (node.key !== publicKeySha256) throw failure('PreconditionFailed', 'another key');
      const name = ownRequestName(runId, target);
      const uid = `uid-${name}`;
      if (cluster.csrs.some((one) => one.uid === uid))
        return { ...unchanged(`${name} is there.`), name, uid };
      cluster.csrs.push(
        kubeletCsr(target, { name, uid, requester: csr.requester, createdAt: clock().toISOString() }),
      );
      return { ...change(cluster, `file ${name}`, `Filed ${name}.`), name, uid };
    },

    approveOwnRequest: async ({ cluster: name, uid }) => {
      const cluster = load(name);
      const found = cluster.csrs.find((one) => one.uid === uid);
      if (!found) throw failure('PreconditionFailed', 'the request is gone');
      if (!cluster.signerAlive) throw failure('CsrNotIssued', 'approved, but nobody signs');
      if (found.state === 'Approved') return unchanged(`${found.name} was approved already.`);
      Object.assign(found, { state: 'Approved', issued: true });
      return change(cluster, `approve ${uid}`, `Approved ${found.name}.`);
    },

    installKubeletCertificate: async ({ cluster: name, node: target, scripts, uid }) => {
      const { cluster, node } = approved(reach(load(name), target), scripts);
      if (!cluster.csrs.some((one) => one.uid === uid && one.issued))
        throw failure('CsrNotIssued', 'it carries no certificate');
      if (node.certificate === 'present') return unchanged(`${target} has its certificate.`);
      node.certificate = 'present';
      return change(cluster, `install certificate ${target}`, `Installed the certificate of ${target}.`);
    },

    withdrawAdmin: async ({ cluster: name, node: target, scripts }) => {
      const { cluster, node } = approved(reach(load(name), target), scripts);
      if (node.lent !== 'kubeconfig') return unchanged(`No cluster-admin is left on ${target}.`);
      delete node.lent;
      delete node.runsAsAdmin;
      return change(cluster, `withdraw admin ${target}`, `Took cluster-admin away from ${target}.`);
    },

    lendAdmin: async ({ cluster: name, node: target, scripts, runId, place, expectedBootstrapSha256 }) => {
      const { cluster, node } = approved(reach(load(name), target), scripts);
      if (place === 'kubeconfig') {
        if (node.lent === 'kubeconfig') return unchanged(`${target} has it already.`);
        node.lent = 'kubeconfig';
        return change(cluster, `lend admin ${target}`, `Lent cluster-admin to ${target}.`);
      }
      if (node.bootstrap.kind === 'admin') return unchanged(`${target} has it already.`);
      if (node.bootstrap.sha256 !== expectedBootstrapSha256)
        throw failure('PreconditionFailed', 'the bootstrap file is not the one that was approved');
      node.bootstrap = { sha256: 'ad'.repeat(32), kind: 'admin', by: runId };
      return change(cluster, `lend admin ${target}`, `Lent cluster-admin to ${target}.`);
    },
  };
}
