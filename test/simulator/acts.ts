import { isDeepStrictEqual } from 'node:util';
import type { ActActivities, RunRef } from '../../activities/contract.ts';
import { matchCsr } from '../../domain/kubelet/csr.ts';
import { kubeletCsr } from '../support/observations.ts';
import { failure } from './failure.ts';
import { nodeIn, type SimulatedCluster, type SimulatedNode } from './state.ts';

/** The acts upon the model. Each looks before it changes, like the real ones, so that repeating one is safe. */
export function simulatedActs(load: (cluster: string) => SimulatedCluster, clock: () => Date): ActActivities {
  return {
    backUpKubelet: async ({ cluster: name, node: target, scripts, runId }) => {
      const { cluster, node } = approved(reach(load(name), target), scripts);
      const done = { directory: `/var/lib/kubelet-recovery/${runId}`, manifestSha256: 'cc'.repeat(32) };
      if (node.backups[runId]) return { ...unchanged(`The backup of ${target} was there already.`), ...done };
      node.backups[runId] = { ...node.bootstrap };
      return { ...change(cluster, `back up ${target}`, `Backed up the credentials of ${target}.`), ...done };
    },

    installBootstrapCredential: async ({
      cluster: name,
      node: target,
      scripts,
      runId,
      expectedBootstrapSha256,
    }) => {
      const { cluster, node } = approved(reach(load(name), target), scripts);
      const expiresAt = new Date(clock().getTime() + 3_600_000).toISOString();
      if (node.bootstrap.kind === 'temporary' && node.bootstrap.by === runId) {
        return {
          ...unchanged('A credential of ours is there already.'),
          sha256: node.bootstrap.sha256,
          expiresAt,
        };
      }
      if (node.bootstrap.sha256 !== expectedBootstrapSha256) {
        throw failure(
          'PreconditionFailed',
          `the bootstrap file of ${target} is not the one that was approved`,
        );
      }
      node.bootstrap = { sha256: '0a'.repeat(32), kind: 'temporary', by: runId };
      const report = change(
        cluster,
        `install bootstrap ${target}`,
        `Wrote a bootstrap credential for one hour to ${target}.`,
      );
      return { ...report, sha256: node.bootstrap.sha256, expiresAt };
    },

    recordCsrs: async ({ cluster: name }) => {
      const cluster = load(name);
      if (!cluster.apiReachable) throw failure('ApiUnreachable', 'connect ECONNREFUSED');
      return { uids: cluster.csrs.map(({ uid }) => uid), at: clock().toISOString() };
    },

    restartKubelet: async ({ cluster: name, node: target, scripts, runId, attempt }) => {
      const { cluster, node } = approved(reach(load(name), target), scripts);
      if (node.restarts.includes(`${runId}/${attempt}`)) {
        return {
          ...unchanged(`The kubelet of ${target} had been restarted already.`),
          startedAt: node.startedAt,
        };
      }
      node.restarts.push(`${runId}/${attempt}`);
      startKubelet(cluster, target, clock());
      return {
        ...change(cluster, `restart ${target}`, `Restarted the kubelet of ${target}.`),
        startedAt: node.startedAt,
      };
    },

    approveKubeletCsr: async ({ cluster: name, node: target, ...question }) => {
      const { cluster, node } = reach(load(name), target);
      if (node.certificate === 'present')
        return { ...unchanged(`${target} has a certificate of its own already.`), name: '', uid: '' };
      const found = matchCsr(cluster.csrs, question);
      if (found.match === 'none')
        throw failure('CsrNotYetThere', `no request of ${target} since the restart`);
      if (found.match === 'several') {
        const names = found.csrs.map((csr) => csr.name).join(', ');
        throw failure('TwoMatchingCsrs', `${found.csrs.length} requests match: ${names}`);
      }
      if (!cluster.signerAlive) throw failure('CsrNotIssued', 'approved, but nobody signs');
      const { csr } = found;
      if (csr.state === 'Approved')
        return { ...unchanged(`${csr.name} was approved already.`), name: csr.name, uid: csr.uid };
      csr.state = 'Approved';
      csr.issued = true;
      // A kubelet holds the key of its newest request only: the certificate of any other is of no use to it.
      const newest = cluster.csrs.findLast(({ commonName }) => commonName === csr.commonName);
      if (newest === csr) authenticate(cluster, target, clock());
      return {
        ...change(cluster, `approve ${csr.uid}`, `Approved ${csr.name}.`),
        name: csr.name,
        uid: csr.uid,
      };
    },

    installDurableBootstrap: async ({
      cluster: name,
      node: target,
      scripts,
      runId,
      expectedBootstrapSha256,
    }) => {
      const { cluster, node } = approved(reach(load(name), target), scripts);
      const sha256 = 'd0'.repeat(32);
      if (node.bootstrap.kind === 'durable')
        return { ...unchanged('The durable bootstrap file is there already.'), sha256 };
      if (node.bootstrap.by !== runId && node.bootstrap.sha256 !== expectedBootstrapSha256)
        throw failure('PreconditionFailed', `the bootstrap file of ${target} is not that of run ${runId}`);
      node.bootstrap = { sha256, kind: 'durable', by: runId };
      return {
        ...change(cluster, `graduate ${target}`, `Wrote the durable bootstrap file to ${target}.`),
        sha256,
      };
    },

    restoreKubeletBackup: async ({ cluster: name, node: target, scripts, runId }: RunRef) => {
      const { cluster, node } = approved(reach(load(name), target), scripts);
      const backup = node.backups[runId];
      if (!backup)
        return unchanged(`Run ${runId} has made no backup on ${target}, so it has changed nothing.`);
      node.concluded[runId] = 'put back';
      if (node.bootstrap.sha256 === backup.sha256)
        return unchanged(`The bootstrap file of ${target} is as it was.`);
      node.bootstrap = { ...backup };
      return change(cluster, `restore ${target}`, `Put the bootstrap file of ${target} back.`);
    },

    concludeRun: async ({ cluster: name, node: target, scripts, runId, how }) => {
      const { node } = approved(reach(load(name), target), scripts);
      if (node.bootstrap.kind === 'temporary' && node.bootstrap.by === runId)
        throw failure('PreconditionFailed', `the temporary credential of run ${runId} is still on ${target}`);
      if (node.concluded[runId] !== undefined && !node.halfWritten[runId])
        return unchanged(`Run ${runId} was over already.`);
      if (node.backups[runId]) node.concluded[runId] ??= how;
      delete node.halfWritten[runId];
      // A word about the run itself: no effect on the control plane.
      return { changed: true, sentence: `Run ${runId} is called ${how}.` };
    },
  };
}

export function reach(
  cluster: SimulatedCluster,
  name: string,
): { cluster: SimulatedCluster; node: SimulatedNode } {
  const node = nodeIn(cluster, name);
  if (!node.sshReachable) throw failure('NodeUnreachable', `ssh ${name}: connect: Connection refused`);
  return { cluster, node };
}

/** Every act names the scripts that were approved, and does nothing when the worker has others. */
export function approved<T extends { cluster: SimulatedCluster }>(
  reached: T,
  scripts: Record<string, string> | undefined,
): T {
  if (isDeepStrictEqual(scripts, reached.cluster.scripts)) return reached;
  throw failure('PreconditionFailed', 'the scripts of this worker are not the ones that were approved');
}

/** A kubelet without a certificate files a request when its bootstrap credential is accepted; with one it just runs. */
export function startKubelet(cluster: SimulatedCluster, name: string, now: Date): void {
  const node = nodeIn(cluster, name);
  node.kubeletActive = true;
  node.starts += 1;
  node.startedAt = now.toISOString();
  if (node.certificate === 'present') authenticate(cluster, name, now);
  else if (node.lent === 'kubeconfig') {
    node.runsAsAdmin = true;
    node.mirrorPodsSince = now.toISOString();
  } else if (node.bootstrap.kind === 'admin') {
    // The controller-manager approves by itself what cluster-admin asks for.
    if (cluster.signerAlive) authenticate(cluster, name, now);
  } else if (node.bootstrap.kind !== 'rejected') cluster.csrs.push(newCsr(cluster, name, now));
}

export function newCsr(
  cluster: SimulatedCluster,
  node: string,
  now = new Date(),
): ReturnType<typeof kubeletCsr> {
  const number = cluster.csrs.length + 1;
  return kubeletCsr(node, { name: `csr-${number}`, uid: `uid-csr-${number}`, createdAt: now.toISOString() });
}

function authenticate(cluster: SimulatedCluster, name: string, now: Date): void {
  const node = nodeIn(cluster, name);
  node.certificate = 'present';
  node.mirrorPodsSince = now.toISOString();
}

export function change(cluster: SimulatedCluster, effect: string, sentence: string) {
  cluster.effects.push(effect);
  return { changed: true, sentence };
}

export function unchanged(sentence: string) {
  return { changed: false, sentence };
}
