import {
  anything,
  conditions,
  fields,
  integer,
  list,
  listBy,
  long,
  nullable,
  oneOf,
  text,
  time,
  type Kind,
  type Schema,
} from './schema.ts';

const logLevel: Schema = { ...oneOf('', 'Normal', 'Debug', 'Trace', 'TraceAll'), default: 'Normal' };

/**
 * `spec.unsupportedConfigOverrides` and `observedConfig` keep whatever is written, null and `{}` too: that a field
 * holding `{}` is not the same as no field is what blocked upgrades after a recovery (operator-behaviour, fact 5).
 */
const SPEC: Record<string, Schema> = {
  managementState: { type: 'string', pattern: '^(Managed|Unmanaged|Force|Removed)$' },
  logLevel,
  operatorLogLevel: logLevel,
  forceRedeploymentReason: text,
  failedRevisionLimit: integer,
  succeededRevisionLimit: integer,
  observedConfig: nullable(anything),
  unsupportedConfigOverrides: nullable(anything),
};

const NODE_STATUS = fields({
  nodeName: text,
  currentRevision: integer,
  targetRevision: integer,
  lastFailedRevision: integer,
  lastFailedTime: time,
  lastFailedReason: text,
  lastFailedCount: { type: 'integer' },
  lastFallbackCount: { type: 'integer' },
  lastFailedRevisionErrors: list(text),
});

const GENERATION = fields({
  group: text,
  resource: text,
  namespace: text,
  name: text,
  hash: text,
  lastGeneration: long,
});

/** What every operator of static pods reports. */
const STATUS = fields({
  conditions,
  generations: listBy(['group', 'resource', 'namespace', 'name'], GENERATION),
  latestAvailableRevision: integer,
  latestAvailableRevisionReason: text,
  nodeStatuses: listBy(['nodeName'], NODE_STATUS),
  observedGeneration: long,
  readyReplicas: integer,
  version: text,
});

function staticPodOperator(kind: string, plural: string, more: Record<string, Schema> = {}): Kind {
  return {
    group: 'operator.openshift.io',
    version: 'v1',
    kind,
    plural,
    scope: 'Cluster',
    spec: fields({ ...SPEC, ...more }),
    status: STATUS,
  };
}

/** The four operators of static pods: etcd-recovery §3.1, §3.7; kubelet-auth (V4: "the four operator CRs"). */
export const operatorKinds: readonly Kind[] = [
  staticPodOperator('Etcd', 'etcds', {
    controlPlaneHardwareSpeed: oneOf('', 'Standard', 'Slower'),
    backendQuotaGiB: { ...integer, minimum: 8, maximum: 32 },
  }),
  staticPodOperator('KubeAPIServer', 'kubeapiservers'),
  staticPodOperator('KubeControllerManager', 'kubecontrollermanagers', {
    useMoreSecureServiceCA: { type: 'boolean' },
  }),
  staticPodOperator('KubeScheduler', 'kubeschedulers'),
];
