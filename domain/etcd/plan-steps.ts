import type { PlanStep } from '../plan.ts';
import {
  allCertsSecret,
  certificateSecrets,
  etcdNamespace,
  etcdScripts,
  overrideKey,
  quarantineDirectory,
  signerTrigger,
  snapshotDirectory,
} from './names.ts';
import { remediatorName, standsAs } from './pausing.ts';
import type { EtcdPins } from './pins.ts';

/** The steps of EtcdRecovery, as data. Their ids are fixed: the workflow carries them out by id. */

export function snapshot({ executor, runId, scripts }: EtcdPins): PlanStep {
  return {
    id: 'snapshot',
    sentence: `Take a snapshot of etcd through ${executor.node}, and verify it`,
    target: executor.node,
    changes: [
      {
        what: `${snapshotDirectory(runId)} on ${executor.node}`,
        from: 'absent',
        to: 'a snapshot of the whole cluster, mode 0600',
      },
    ],
    risk: 'reversible',
    undo: 'nothing to undo: the snapshot is kept',
    proof:
      'its integrity trailer, its pages, and a revision that is not older than the one the cluster had when it was begun',
    ...scriptOf(etcdScripts.always.snapshot, scripts),
  };
}

export function copyOffNode({ executor, recipient, scripts }: EtcdPins): PlanStep {
  return {
    id: 'copy-off-node',
    sentence: 'Copy the snapshot off the cluster, encrypted',
    target: executor.node,
    changes: [
      {
        what: 'the directory for snapshots next to the worker',
        from: 'without it',
        to: `a copy encrypted to ${recipient}, mode 0600`,
      },
    ],
    risk: 'reversible',
    undo: 'nothing to undo: the copy is kept',
    proof: 'the copy was made from a file with the SHA-256 of the verified snapshot',
    ...scriptOf(etcdScripts.always.stream, scripts),
  };
}

export function pauseRemediators({ target, remediators, runId }: EtcdPins): PlanStep {
  return {
    id: 'pause-remediators',
    sentence: 'Pause what else might replace or reboot a master meanwhile',
    target: target.node,
    changes: remediators.map((one) => ({
      what: remediatorName(one),
      from: standsAs(one, runId),
      to: 'paused by this run',
    })),
    risk: 'reversible',
    undo: 'exactly these are resumed',
    proof: 'each of them is paused',
  };
}

export function quarantine({ target, runId, scripts }: EtcdPins): PlanStep {
  return {
    id: 'quarantine',
    sentence: `Stop etcd on ${target.node} and set its data aside`,
    target: target.node,
    changes: [
      {
        what: `/var/lib/etcd/member on ${target.node}`,
        from: 'data that etcd cannot use',
        to: `moved to ${quarantineDirectory(runId)}, on the same file system, after its containers have stopped`,
      },
      {
        what: `/etc/kubernetes/manifests/etcd-pod.yaml on ${target.node}`,
        from: 'in place',
        to: 'taken out while the data is moved, then put back',
      },
    ],
    risk: 'reversible',
    undo: 'the data goes back as long as the member is listed, and never after it was removed; the manifest goes back in either case',
    proof: 'the data lies in quarantine, and the manifest is in place again',
    ...scriptOf(etcdScripts.quarantine, scripts),
  };
}

export function renewCertificates({ target, certificates }: EtcdPins): PlanStep {
  const { cure, secrets } = certificates;
  const changes =
    cure === 'delete-secrets'
      ? secrets.map((name) => ({
          what: `secret ${etcdNamespace}/${name}`,
          from: `not for ${target.addresses.join(', ')}, or expired`,
          to: 'deleted, and made anew by the operator',
        }))
      : [
          {
            what: `secret ${etcdNamespace}/${allCertsSecret}, key ${signerTrigger(target.node)}`,
            from: 'present',
            to: `taken out, so that the operator signs ${secrets.join(', ')} anew`,
          },
        ];
  return {
    id: 'renew-certificates',
    sentence: `Have the operator renew the certificates of ${target.node}`,
    target: target.node,
    changes,
    risk: 'reversible',
    undo: 'not needed: a certificate for the node’s real address does no harm',
    proof: `${certificateSecrets(target.node).join(', ')} and their copies in ${allCertsSecret} name ${target.addresses.join(', ')}`,
    skipMeans: `the member on ${target.node} is rejected by its peers until somebody else renews its certificates`,
  };
}

export function removeMember(pins: EtcdPins): PlanStep {
  const { target, executor, survivors, clusterId } = pins;
  const { id = '', peerUrls = [] } = target.member ?? {};
  return {
    id: 'remove-member',
    sentence: `Remove the member ${id} of ${target.node} through ${executor.node}`,
    target: target.node,
    changes: [
      {
        what: `member ${id} of cluster ${clusterId}, peer URL ${peerUrls.join(', ')}`,
        from: `listed by ${survivors.map(({ node }) => node).join(', ')}, reached by none of them`,
        to: 'removed; its id is never used again',
      },
    ],
    risk: 'irreversible',
    pointOfNoReturn: true,
    proof: `${survivors.map(({ node }) => node).join(' and ')} list it no more`,
    ...scriptOf(etcdScripts.changeMember, pins.scripts),
  };
}

export function updateMember(pins: EtcdPins): PlanStep {
  const { target, executor, survivors, clusterId } = pins;
  const { id = '', peerUrls = [] } = target.member ?? {};
  return {
    id: 'update-member',
    sentence: `Tell the cluster the new peer URL of member ${id} through ${executor.node}`,
    target: target.node,
    changes: [
      {
        what: `peer URL of member ${id} of cluster ${clusterId}`,
        from: peerUrls.join(', '),
        to: target.newPeerUrl ?? '',
      },
    ],
    risk: 'reversible',
    undo: `its peer URL becomes ${peerUrls.join(', ')} again`,
    proof: `${survivors.map(({ node }) => node).join(' and ')} list it with the new peer URL`,
    ...scriptOf(etcdScripts.changeMember, pins.scripts),
  };
}

/** The roll-out that it lets through cannot be taken back, whatever becomes of the key: hence the risk. */
export function overrideLease({ target, operator, cause }: EtcdPins): PlanStep {
  const certificates = operator === 'all-gated' ? ', renewed certificates' : '';
  return {
    id: 'override-lease',
    sentence: "Open the operator's quorum gate until it has made its new revision, and close it again",
    target: target.node,
    changes: [
      {
        what: `etcds/cluster, key ${overrideKey} in unsupportedConfigOverrides`,
        from: 'as it is; all other keys stay as they are',
        to: `true while the gate is seen to be shut, until there is a new revision${certificates}; then exactly as before`,
      },
      {
        what: 'etcds/cluster, forceRedeploymentReason',
        from: 'as it is',
        to:
          cause === 'address-changed'
            ? 'as it is; a new reason only if no revision comes by itself'
            : 'a new reason: nothing else would make a revision',
      },
    ],
    risk: 'irreversible',
    undo: 'the key goes back to what it was; a watchdog does so at its deadline even if this run cannot',
    proof: 'a revision newer than the one before, and unsupportedConfigOverrides as it was',
  };
}

export function awaitRollOut({ target }: EtcdPins): PlanStep {
  return {
    id: 'await-rollout',
    sentence: `Wait until the operator has brought its new revision to ${target.node}`,
    target: target.node,
    changes: [],
    risk: 'reversible',
    undo: 'nothing to undo: it only looks',
    proof: `the etcd pod on ${target.node} is of the newest revision and names ${target.addresses.join(' or ')}`,
    skipMeans: 'the run goes on to wait for the member itself, which proves more',
  };
}

export function awaitVoter({ target, strategy }: EtcdPins): PlanStep {
  return {
    id: 'await-voter',
    sentence:
      strategy === 'replace'
        ? `Wait until the operator has added the new member on ${target.node} and made it a voter`
        : `Wait until the member on ${target.node} is healthy again`,
    target: target.node,
    changes: [],
    risk: 'reversible',
    undo: 'nothing to undo: it only looks',
    proof: `a voter at ${target.addresses.join(' or ')} that every survivor reaches`,
  };
}

export function verify({ target }: EtcdPins): PlanStep {
  return {
    id: 'verify',
    sentence: 'Prove that all members are healthy and hold the same data, and that it stays so',
    target: target.node,
    changes: [],
    risk: 'reversible',
    undo: 'nothing to undo: it only looks',
    proof: 'all of what stands below under proof, held for the soak time',
  };
}

export function resumeRemediators({ target, remediators }: EtcdPins): PlanStep {
  return {
    id: 'resume-remediators',
    sentence: 'Resume what this run has paused',
    target: target.node,
    changes: remediators.map((one) => ({
      what: remediatorName(one),
      from: 'paused by this run',
      to: 'active',
    })),
    risk: 'reversible',
    undo: 'not needed: they were active before',
    proof: 'none of them is paused by this run any more',
    skipMeans: 'they stay paused until a person resumes them',
  };
}

function scriptOf(name: string, scripts: Record<string, string>): Pick<PlanStep, 'script'> {
  const sha256 = scripts[name];
  return sha256 === undefined ? {} : { script: { name, sha256 } };
}
