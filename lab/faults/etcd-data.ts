import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';
import { during } from '../host/progress.ts';
import { isEtcdHealthy } from './etcd-members.ts';
import { rejoin } from './etcd-rejoin.ts';
import type { Fault, FaultOptions } from './fault.ts';
import { putManifestBack, takeManifest } from './manifest.ts';
import { on, untilHealthy } from './node-health.ts';

const DATABASE = '/var/lib/etcd/member/snap/db';

/** Same address, same name, no data: etcd refuses to begin anew what its peers still list. */
export const etcdDataLost: Fault = dataFault({
  name: 'etcd-data-lost',
  sentence: "The node's etcd data directory is empty; its peers still list the member.",
  symptom:
    'etcd on the node ends at every start, since its peers list it as a member that must have data; ' +
    'the pod is in CrashLoopBackOff; two of three members are healthy, the API goes on.',
  spoil: 'rm -rf /var/lib/etcd/*',
});

/** As after a disk that lied about what it had written. */
export const etcdDataCorrupt: Fault = dataFault({
  name: 'etcd-data-corrupt',
  sentence: "The first pages of the node's etcd database are overwritten with garbage.",
  symptom:
    'etcd on the node ends at every start: it cannot open its database; the pod is in CrashLoopBackOff; ' +
    'two of three members are healthy, the API goes on.',
  spoil: `dd if=/dev/urandom of=${DATABASE} bs=4096 count=16 conv=notrunc,fsync status=none`,
});

interface DataFault {
  name: string;
  sentence: string;
  symptom: string;
  /** Shell command on the node, while etcd does not run. */
  spoil: string;
}

function dataFault({ name, sentence, symptom, spoil }: DataFault): Fault {
  return {
    name,
    sentence,
    symptom,
    heal: 'Remove the member, empty its data directory, add it again and let it copy the data from its peers.',

    async break(lab, node, { progress, signal }) {
      if (!(await isEtcdHealthy(lab, node))) await requireOwnDoing(lab, node);
      const manifest = { fault: name, file: 'etcd-pod.yaml', container: 'etcd', signal };
      await during(progress, `${node}: etcd stopped, its data spoilt, etcd started again`, async () => {
        await takeManifest(lab, node, manifest);
        await on(lab, node, 'sh', '-c', spoil);
        await putManifestBack(lab, node, manifest);
      });
      await untilCannotStart(lab, node, { progress, signal });
    },

    async healByForce(lab, node, { progress, signal }) {
      const since = new Date();
      if (!(await isEtcdHealthy(lab, node))) {
        const text = `${node}: member replaced by hand`;
        await during(progress, text, () => rejoin(lab, node, name, signal), { usually: '15 s' });
      }
      await untilHealthy(lab, node, since, signal);
    },
  };
}

/** A member that fails for another reason is not this fault's to overwrite. */
async function requireOwnDoing(lab: Lab, node: string): Promise<void> {
  if ((await hasFailedToStart(lab, node)) === true) return;
  throw new Error(`${node}: its etcd member is not healthy already; heal that fault first.`);
}

export async function untilCannotStart(
  lab: Lab,
  node: string,
  { progress, signal }: FaultOptions,
): Promise<void> {
  const text = `${node}: etcd cannot start`;
  const wait = { withinMs: 5 * 60_000, signal };
  const work = () => waitUntil(text, () => hasFailedToStart(lab, node), wait);
  await during(progress, text, work, { usually: '20 s' });
}

/** True when the etcd container has ended with an error more than once, else what it does. */
async function hasFailedToStart(lab: Lab, node: string): Promise<true | string> {
  const { items } = await lab.api.get<{ items: EtcdPod[] }>(
    `/api/v1/namespaces/openshift-etcd/pods?labelSelector=app%3Detcd&fieldSelector=spec.nodeName%3D${node}`,
  );
  const statuses = items.flatMap(({ status }) => status?.containerStatuses ?? []);
  const etcd = statuses.find(({ name }) => name === 'etcd');
  if (!etcd) return 'there is no mirror pod of etcd';
  const code = etcd.state?.terminated?.exitCode ?? etcd.lastState?.terminated?.exitCode ?? 0;
  if (!etcd.ready && etcd.restartCount > 0 && code !== 0) return true;
  return `the container etcd was restarted ${etcd.restartCount} times; it is ${etcd.ready ? '' : 'not '}ready`;
}

interface EtcdPod {
  status?: {
    containerStatuses?: {
      name: string;
      ready: boolean;
      restartCount: number;
      state?: { terminated?: { exitCode: number } };
      lastState?: { terminated?: { exitCode: number } };
    }[];
  };
}
