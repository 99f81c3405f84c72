import { issue, makeSigner } from '../cluster/pki.ts';
import { ETCD_CERTS } from '../cluster/paths.ts';
import type { Lab } from '../handle.ts';
import { during } from '../host/progress.ts';
import { untilCannotStart } from './etcd-data.ts';
import { etcdContainer, isEtcdHealthy, untilEtcdHealthy } from './etcd-members.ts';
import type { Fault } from './fault.ts';
import { on, untilHealthy } from './node-health.ts';
import { forget, isSaved, restoreFiles, saveFiles } from './saved.ts';

const NAME = 'etcd-bad-certificate';
const SECRETS = `${ETCD_CERTS}/secrets/etcd-all-certs`;

/**
 * Only the files on the node are spoilt; the secrets they come from are right. The operator compares the secrets'
 * annotations and never the files, so it does nothing until another revision is installed.
 */
export const etcdBadCertificate: Fault = {
  name: NAME,
  sentence: "The certificates of the node's etcd member do not match their keys, so it cannot serve.",
  symptom:
    'etcd on the node ends at every start with "private key does not match public key"; the pod is in CrashLoopBackOff; ' +
    'two of three members are healthy, the API goes on.',
  heal: 'Put the certificates back from the copies outside the node.',

  async break(lab, node, { progress, signal }) {
    await during(progress, `${node}: certificates of etcd replaced`, async () => {
      // The keys too: a roll-out in the meantime brings others, which do not fit these certificates either.
      if (await isEtcdHealthy(lab, node)) await saveFiles(lab, NAME, node, [`${SECRETS}/*-${node}.*`]);
      await spoil(lab, node);
      // It would go on with the connections it has, and re-read the files only for new ones.
      const etcd = await etcdContainer(lab, node);
      if (etcd) await on(lab, node, 'crictl', 'stop', etcd.id);
    });
    await untilCannotStart(lab, node, { progress, signal });
  },

  async healByForce(lab, node, { progress, signal }) {
    const since = new Date();
    const text = `${node}: etcd healthy`;
    await during(
      progress,
      text,
      async () => {
        if (isSaved(lab, NAME, node) && !(await isEtcdHealthy(lab, node))) {
          await restoreFiles(lab, NAME, node);
        }
        await untilEtcdHealthy(lab, node, signal);
      },
      // The kubelet may be in its longest back-off.
      { usually: '15 s, up to 5 min' },
    );
    await untilHealthy(lab, node, since, signal);
    forget(lab, NAME, node);
  },
};

/** Well-formed, of the right names, and of another key. */
async function spoil(lab: Lab, node: string): Promise<void> {
  const signer = await makeSigner('somebody-elses-signer');
  const { cert } = await issue(signer, {
    commonName: 'system:etcd-server:etcd-client',
    organizations: ['system:etcd-servers'],
    use: ['server', 'client'],
    dnsNames: ['localhost', node],
    addresses: [lab.address(node), '127.0.0.1'],
  });
  for (const kind of ['etcd-peer', 'etcd-serving']) {
    const file = `${SECRETS}/${kind}-${node}.crt`;
    const { code, stderr } = await lab.sh(node, ['sh', '-c', `umask 077; cat > ${file}`], { input: cert });
    if (code !== 0) throw new Error(`${node}: cannot write ${file}: ${stderr.trim()}`);
  }
}
