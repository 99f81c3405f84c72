import { ApiError } from '../cluster/api.ts';
import { mirrorPods } from '../cluster/health.ts';
import { BOOTSTRAP_KUBECONFIG, KUBELET_KUBECONFIG, KUBELET_PKI } from '../cluster/paths.ts';
import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';
import { during } from '../host/progress.ts';
import { writeRejectedBootstrapFile } from './bootstrap-credential.ts';
import type { Fault, FaultOptions } from './fault.ts';
import { startKubelet, stopKubelet } from './kubelet-unit.ts';
import { kubeletJournal } from './node-files.ts';
import { on, untilKubeletHealthy, untilUnknown } from './node-health.ts';
import { forget, isSaved, restoreFiles, saveFiles } from './saved.ts';

const NAME = 'kubelet-anonymous';
const CLIENT_CERTIFICATE = `${KUBELET_PKI}/kubelet-client-current.pem`;

/** The incident this project began with. */
export const kubeletAnonymous: Fault = {
  name: NAME,
  sentence:
    "The kubelet's client certificate is gone and its bootstrap token is rejected, so it speaks as system:anonymous.",
  symptom:
    'The mirror pods of the node vanish, its etcd and API server go on; the journal of the kubelet repeats ' +
    'system:anonymous and "cannot create certificate signing request: Unauthorized"; the Node turns Unknown after 45 s.',
  heal: 'Put certificate, kubeconfig and bootstrap file back from the copies outside the node; restart the kubelet.',
  break: breakKubelet,
  healByForce,
};

async function breakKubelet(lab: Lab, node: string, options: FaultOptions): Promise<void> {
  const { progress, signal } = options;
  const since = new Date();
  await during(progress, `${node}: certificate removed, bootstrap token made invalid`, () =>
    takeCredentials(lab, node),
  );
  // Without this their stale objects would go on saying Running and Ready for ever.
  await during(progress, `${node}: mirror pods force-deleted`, () => deleteMirrorPods(lab, node));
  await startKubelet(lab, node);
  const text = `${node}: the kubelet is system:anonymous, its requests are rejected, its mirror pods are gone`;
  const withinMs = 2 * 60_000;
  await during(
    progress,
    text,
    () => waitUntil(text, () => symptomIsThere(lab, node, since), { withinMs, signal }),
    {
      usually: '10 s',
    },
  );
  if (!options.untilNodeUnknown) return;
  await during(progress, `${node}: the Node is Unknown`, () => untilUnknown(lab, node, signal), {
    usually: '45 s',
  });
}

async function takeCredentials(lab: Lab, node: string): Promise<void> {
  const { code } = await lab.sh(node, ['test', '-e', CLIENT_CERTIFICATE]);
  // A second break finds nothing to save, and must not replace what the first has saved.
  if (code === 0) {
    await saveFiles(lab, NAME, node, [
      `${KUBELET_PKI}/kubelet-client*`,
      KUBELET_KUBECONFIG,
      BOOTSTRAP_KUBECONFIG,
    ]);
  }
  await stopKubelet(lab, node);
  await on(lab, node, 'sh', '-c', `rm -f ${KUBELET_PKI}/kubelet-client*`);
  await writeRejectedBootstrapFile(lab, node);
}

async function deleteMirrorPods(lab: Lab, node: string): Promise<void> {
  for (const pod of await mirrorPods(lab.api)) {
    if (pod.node !== node) continue;
    const path = `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}?gracePeriodSeconds=0`;
    await lab.api.send('DELETE', path).catch((error: unknown) => {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    });
  }
}

async function symptomIsThere(lab: Lab, node: string, since: Date): Promise<true | string> {
  const journal = await kubeletJournal(lab, node, since);
  if (!journal.includes('system:anonymous')) return 'no line about system:anonymous yet';
  if (!journal.includes('cannot create certificate signing request: Unauthorized'))
    return 'no rejected request yet';
  const left = (await mirrorPods(lab.api)).filter((pod) => pod.node === node).length;
  return left === 0 || `${left} mirror pods are still there`;
}

async function healByForce(lab: Lab, node: string, { progress, signal }: FaultOptions): Promise<void> {
  const since = new Date();
  if (isSaved(lab, NAME, node)) {
    await during(progress, `${node}: credentials put back`, () => putBack(lab, node));
  }
  await during(progress, `${node}: healthy`, () => untilKubeletHealthy(lab, node, since, signal), {
    usually: '10 s',
  });
  forget(lab, NAME, node);
}

async function putBack(lab: Lab, node: string): Promise<void> {
  await stopKubelet(lab, node);
  await on(lab, node, 'sh', '-c', `rm -f ${KUBELET_PKI}/kubelet-client*`);
  await restoreFiles(lab, NAME, node);
  await startKubelet(lab, node);
}
