import { MANIFESTS } from '../cluster/paths.ts';
import type { Lab } from '../handle.ts';
import { during } from '../host/progress.ts';
import { untilCannotStart } from './etcd-data.ts';
import { isEtcdHealthy, untilEtcdHealthy } from './etcd-members.ts';
import type { Fault } from './fault.ts';
import { on, untilHealthy } from './node-health.ts';
import { forget, isSaved, restoreFiles, saveFiles } from './saved.ts';

const NAME = 'etcd-bad-manifest';
const MANIFEST = `${MANIFESTS}/etcd-pod.yaml`;
/** A flag that every etcd has, in both manifests that the lab knows, and one that none has. */
const [GOOD, BAD] = ['--strict-reconfig-check=true', '--strict-reconfig-chekc=true'];

/** As after an edit by hand: the pod starts, etcd does not. The operator compares revisions, and never this file. */
export const etcdBadManifest: Fault = {
  name: NAME,
  sentence: "The manifest of the node's etcd was edited by hand, and etcd does not know one of its flags.",
  symptom:
    'etcd on the node ends at every start with "unknown flag"; the pod is in CrashLoopBackOff; ' +
    'two of three members are healthy, the API goes on.',
  heal: 'Put the manifest back from the copy outside the node.',

  async break(lab, node, { progress, signal }) {
    await during(progress, `${node}: etcd's manifest edited`, () => spoil(lab, node));
    await untilCannotStart(lab, node, { progress, signal });
  },

  async healByForce(lab, node, { progress, signal }) {
    const since = new Date();
    const work = async () => {
      if (isSaved(lab, NAME, node) && !(await isEtcdHealthy(lab, node))) await restoreFiles(lab, NAME, node);
      await untilEtcdHealthy(lab, node, signal);
    };
    await during(progress, `${node}: etcd healthy`, work, { usually: '30 s' });
    await untilHealthy(lab, node, since, signal);
    forget(lab, NAME, node);
  },
};

async function spoil(lab: Lab, node: string): Promise<void> {
  if ((await on(lab, node, 'cat', MANIFEST)).includes(BAD)) return;
  await saveFiles(lab, NAME, node, [MANIFEST]);
  // Renamed into place: a kubelet that reads half a manifest would have no pod at all.
  const edit = `sed 's/${GOOD}/${BAD}/' ${MANIFEST} > ${MANIFEST}.tmp && chmod 600 ${MANIFEST}.tmp && mv ${MANIFEST}.tmp ${MANIFEST}`;
  await on(lab, node, 'sh', '-c', edit);
  if ((await on(lab, node, 'cat', MANIFEST)).includes(BAD)) return;
  throw new Error(`${node}: ${MANIFEST} has no ${GOOD} that could be misspelt`);
}
