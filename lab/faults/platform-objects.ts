import type { Lab } from '../handle.ts';
import { ETCD, type EtcdResource } from '../operator/board.ts';
import { OVERRIDE } from '../operator/rules/gate.ts';
import { withCondition } from '../operator/rules/conditions.ts';
import type { Condition, Verdict } from '../operator/rules/types.ts';
import { CLUSTER_VERSIONS, clusterVersionStatus } from '../platform/objects/cluster.ts';
import { machineConfigPools } from '../platform/objects/machines.ts';
import { collection, seconds } from '../platform/objects/object.ts';
import { MEASURED_RELEASES, setRelease } from '../platform/release.ts';
import type { Fault } from './fault.ts';

const INFRASTRUCTURE = `${collection('config.openshift.io', 'v1', 'infrastructures')}/cluster/status`;
const MASTER_POOL = `${collection('machineconfiguration.openshift.io', 'v1', 'machineconfigpools')}/master/status`;

/** What is not broken and yet makes a recovery wait or refuse: states of the platform's objects, whatever the node. */
export const platformStates: readonly Fault[] = [
  state({
    name: 'operator-unmanaged',
    sentence: "Somebody has set etcd's operator to Unmanaged.",
    symptom: 'etcds/cluster says managementState Unmanaged; the operator does nothing at all.',
    heal: 'Set it to Managed.',
    to: ({ api }) => api.send('PATCH', ETCD, { spec: { managementState: 'Unmanaged' } }),
    back: ({ api }) => api.send('PATCH', ETCD, { spec: { managementState: 'Managed' } }),
  }),
  state({
    name: 'override-foreign',
    sentence: "Somebody else has set the override that holds the etcd operator's quorum gate open.",
    symptom: `etcds/cluster has ${OVERRIDE} in unsupportedConfigOverrides, and no lease says whose it is.`,
    heal: 'Take exactly that key out, and the field with it when nothing else is in it.',
    to: ({ api }) => api.send('PATCH', ETCD, { spec: { unsupportedConfigOverrides: { [OVERRIDE]: true } } }),
    back: takeOverrideOut,
  }),
  state({
    name: 'upgrade-in-progress',
    sentence: 'The cluster is on its way to another release.',
    symptom: 'ClusterVersion says Progressing, and the newest entry of its history is Partial.',
    heal: 'Let it have arrived where it came from.',
    to: upgrade,
    back: (lab) => setRelease(lab, releaseOf(lab)),
  }),
  state({
    name: 'release-unknown',
    sentence: 'The cluster is of release 4.17, whose etcd operator nobody has measured.',
    symptom: 'ClusterVersion says 4.17.9.',
    heal: 'Let it say its own release again.',
    to: (lab) => setRelease(lab, '4.17.9'),
    back: (lab) => setRelease(lab, releaseOf(lab)),
  }),
  state({
    name: 'machine-config-updating',
    sentence: 'The pool of the masters is rolling out a machine configuration.',
    symptom: 'MachineConfigPool master says Updating.',
    heal: 'Let it be rolled out.',
    to: ({ api }) => api.send('PATCH', MASTER_POOL, { status: poolStatus('True') }),
    back: ({ api }) => api.send('PATCH', MASTER_POOL, { status: poolStatus('False') }),
  }),
  state({
    name: 'topology-single',
    sentence: 'The cluster says that its control plane is a single node.',
    symptom: 'Infrastructure says controlPlaneTopology SingleReplica.',
    heal: 'Let it say HighlyAvailable.',
    to: ({ api }) => api.send('PATCH', INFRASTRUCTURE, topology('SingleReplica')),
    back: ({ api }) => api.send('PATCH', INFRASTRUCTURE, topology('HighlyAvailable')),
  }),
];

interface State extends Pick<Fault, 'name' | 'sentence' | 'symptom' | 'heal'> {
  to: (lab: Lab) => Promise<unknown>;
  back: (lab: Lab) => Promise<unknown>;
}

function state({ to, back, ...texts }: State): Fault {
  const on = (work: State['to']) => async (lab: Lab) => {
    if (lab.platform === 'none') {
      throw new Error('This lab has no such objects; they come with `cpr lab up --platform main` or `4.16`.');
    }
    await work(lab);
  };
  return { ...texts, break: on(to), healByForce: on(back) };
}

async function takeOverrideOut({ api }: Lab): Promise<void> {
  const overrides = (await api.get<EtcdResource>(ETCD)).spec?.unsupportedConfigOverrides;
  const others = Object.keys(overrides ?? {}).filter((key) => key !== OVERRIDE);
  const left = others.length === 0 ? null : { [OVERRIDE]: null };
  await api.send('PATCH', ETCD, { spec: { unsupportedConfigOverrides: left } });
}

function releaseOf({ platform }: Lab): string {
  if (platform === 'none') throw new Error('This lab has no release.');
  return MEASURED_RELEASES[platform];
}

async function upgrade(lab: Lab): Promise<void> {
  const release = releaseOf(lab);
  const next = release.replace(/\d+$/, '99');
  const now = new Date();
  const { desired } = clusterVersionStatus(next, now);
  const { history, conditions, ...rest } = clusterVersionStatus(release, now);
  const begun = { ...(desired as object), state: 'Partial', startedTime: seconds(now), completionTime: null };
  const progressing: Verdict = {
    type: 'Progressing',
    status: 'True',
    message: `Working towards ${next}: 106 of 903 done (11% complete)`,
  };
  const status = {
    ...rest,
    desired,
    history: [{ ...begun, verified: true }, ...(history as object[])],
    conditions: withCondition(conditions as Condition[], progressing, seconds(now)),
  };
  await lab.api.send('PATCH', `${CLUSTER_VERSIONS}/version/status`, { status });
}

/** One of three masters has the new configuration, and the second is at it. */
function poolStatus(updating: 'True' | 'False'): object {
  const now = new Date();
  const [master] = machineConfigPools(now);
  const settled = master?.body.status as { conditions: Condition[] };
  if (updating === 'False') return settled;
  const reports: Verdict[] = [
    { type: 'Updated', status: 'False', reason: '', message: '' },
    {
      type: 'Updating',
      status: 'True',
      reason: '',
      message: 'All nodes are updating to rendered-master-next',
    },
  ];
  let { conditions } = settled;
  for (const report of reports) conditions = withCondition(conditions, report, seconds(now));
  return { ...settled, conditions, updatedMachineCount: 1, readyMachineCount: 1, unavailableMachineCount: 1 };
}

function topology(controlPlaneTopology: string): object {
  return { status: { controlPlaneTopology } };
}
