import {
  anything,
  conditions,
  fields,
  flag,
  integer,
  integerOrText,
  list,
  listBy,
  long,
  oneOf,
  text,
  time,
  type Kind,
} from './schema.ts';

const MACHINE = { group: 'machine.openshift.io', version: 'v1beta1', scope: 'Namespaced' } as const;

const HOOKS = listBy(['name'], fields({ name: text, owner: text }));

const UNHEALTHY = list(fields({ type: text, status: text, timeout: text }));

const POOL_CONFIGURATION = fields({ name: text, source: list(anything) });

/** Who owns the nodes, and who would replace or reboot one while a recovery is at work (design §4: paused meanwhile). */
export const machineKinds: readonly Kind[] = [
  {
    ...MACHINE,
    kind: 'Machine',
    plural: 'machines',
    spec: fields({
      lifecycleHooks: fields({ preDrain: HOOKS, preTerminate: HOOKS }),
      metadata: anything,
      providerID: text,
      providerSpec: fields({ value: anything }),
      taints: list(anything),
      authoritativeAPI: text,
    }),
    status: fields({
      addresses: list(fields({ type: text, address: text }, 'type', 'address')),
      nodeRef: fields({ apiVersion: text, kind: text, name: text, uid: text, namespace: text }),
      phase: text,
      conditions,
      errorReason: text,
      errorMessage: text,
      lastUpdated: time,
      lastOperation: anything,
      providerStatus: anything,
    }),
  },
  {
    ...MACHINE,
    kind: 'MachineHealthCheck',
    plural: 'machinehealthchecks',
    shortName: 'mhc',
    spec: fields({
      selector: anything,
      unhealthyConditions: UNHEALTHY,
      maxUnhealthy: integerOrText,
      nodeStartupTimeout: text,
      remediationTemplate: anything,
    }),
    status: fields({
      conditions,
      currentHealthy: { ...integer, minimum: 0 },
      expectedMachines: { ...integer, minimum: 0 },
      remediationsAllowed: { ...integer, minimum: 0 },
    }),
  },
  {
    group: 'machineconfiguration.openshift.io',
    version: 'v1',
    scope: 'Cluster',
    kind: 'MachineConfigPool',
    plural: 'machineconfigpools',
    shortName: 'mcp',
    spec: fields({
      paused: flag,
      maxUnavailable: integerOrText,
      configuration: POOL_CONFIGURATION,
      machineConfigSelector: anything,
      nodeSelector: anything,
    }),
    status: fields({
      conditions,
      configuration: POOL_CONFIGURATION,
      machineCount: integer,
      readyMachineCount: integer,
      updatedMachineCount: integer,
      unavailableMachineCount: integer,
      degradedMachineCount: integer,
      observedGeneration: long,
    }),
  },
  {
    group: 'remediation.medik8s.io',
    version: 'v1alpha1',
    scope: 'Cluster',
    kind: 'NodeHealthCheck',
    plural: 'nodehealthchecks',
    shortName: 'nhc',
    spec: fields({
      selector: anything,
      minHealthy: integerOrText,
      maxUnhealthy: integerOrText,
      pauseRequests: list(text),
      remediationTemplate: anything,
      escalatingRemediations: list(anything),
      unhealthyConditions: list(fields({ type: text, status: text, duration: text })),
    }),
    status: fields({
      conditions,
      phase: oneOf('Disabled', 'Paused', 'Remediating', 'Enabled'),
      reason: text,
      healthyNodes: integer,
      observedNodes: integer,
      unhealthyNodes: list(anything),
      inFlightRemediations: anything,
    }),
  },
];
