import {
  anything,
  conditions,
  fields,
  flag,
  integer,
  list,
  long,
  nullable,
  oneOf,
  text,
  time,
  type Kind,
} from './schema.ts';

const CONFIG = { group: 'config.openshift.io', version: 'v1', scope: 'Cluster' } as const;

const RELEASE = fields({ version: text, image: text, url: text, channels: list(text) });

const UPDATE = fields({
  state: oneOf('Completed', 'Partial'),
  version: text,
  image: text,
  startedTime: time,
  completionTime: nullable(time),
  verified: flag,
  acceptedRisks: text,
});

const NETWORK_CONFIG = {
  clusterNetwork: list(fields({ cidr: text, hostPrefix: integer })),
  serviceNetwork: list(text),
  networkType: text,
};

const TOPOLOGY = oneOf(
  'HighlyAvailable',
  'HighlyAvailableArbiter',
  'DualReplica',
  'SingleReplica',
  'External',
);

/** What a recovery reads of the cluster as a whole: which release, which topology, which network, who is degraded. */
export const configKinds: readonly Kind[] = [
  {
    ...CONFIG,
    kind: 'ClusterOperator',
    plural: 'clusteroperators',
    shortName: 'co',
    spec: anything,
    status: fields({
      conditions,
      versions: list(fields({ name: text, version: text })),
      relatedObjects: list(fields({ group: text, resource: text, namespace: text, name: text })),
      extension: nullable(anything),
    }),
  },
  {
    ...CONFIG,
    kind: 'ClusterVersion',
    plural: 'clusterversions',
    spec: fields(
      {
        clusterID: text,
        channel: text,
        upstream: text,
        desiredUpdate: nullable(fields({ version: text, image: text, force: flag, architecture: text })),
        overrides: list(anything),
      },
      'clusterID',
    ),
    status: fields({
      desired: RELEASE,
      history: list(UPDATE),
      conditions,
      observedGeneration: long,
      versionHash: text,
      availableUpdates: nullable(list(RELEASE)),
      capabilities: anything,
    }),
  },
  {
    ...CONFIG,
    kind: 'Infrastructure',
    plural: 'infrastructures',
    spec: fields({ cloudConfig: anything, platformSpec: anything }),
    status: fields({
      infrastructureName: text,
      platform: text,
      platformStatus: anything,
      controlPlaneTopology: TOPOLOGY,
      infrastructureTopology: oneOf('HighlyAvailable', 'SingleReplica'),
      cpuPartitioning: oneOf('None', 'AllNodes'),
      apiServerURL: text,
      apiServerInternalURI: text,
      etcdDiscoveryDomain: text,
    }),
  },
  {
    ...CONFIG,
    kind: 'Network',
    plural: 'networks',
    spec: fields(NETWORK_CONFIG),
    status: fields({ ...NETWORK_CONFIG, clusterNetworkMTU: integer, conditions }),
    statusSubresource: false,
  },
];
