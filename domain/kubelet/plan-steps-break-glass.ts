import type { PlanStep } from '../plan.ts';
import { mastersGroup } from './identity.ts';
import { backupDirectory, bootstrapPath, kubeconfigPath } from './names.ts';
import type { PlanInput } from './plan.ts';
import { script } from './plan-steps.ts';

/** Steps that lend cluster-admin, and what belongs to that. */

const breakGlassWarning = `${mastersGroup}, which no authorizer restrains: it can read every Secret and change every object of the cluster`;

export function adminBootstrap({ node, pins }: PlanInput): PlanStep {
  return {
    id: 'admin-bootstrap',
    sentence: `BREAK-GLASS: let the kubelet on ${node} ask for its certificate as ${breakGlassWarning}`,
    target: node,
    changes: [
      {
        what: bootstrapPath,
        from: pins.bootstrapSha256 === 'missing' ? 'missing' : `SHA-256 ${pins.bootstrapSha256}`,
        to: `a copy of ${pins.admin?.path ?? ''} (SHA-256 ${pins.admin?.sha256 ?? ''}), made on the node, until step graduate`,
      },
    ],
    risk: 'break-glass',
    undo: 'the bootstrap file is put back from the backup',
    proof: 'the API server accepts the file, asked from the node',
    ...script(pins, 'install-admin.sh'),
  };
}

export function adminKubeconfig({ node, pins }: PlanInput): PlanStep {
  return {
    id: 'admin-kubeconfig',
    sentence: `BREAK-GLASS: let the kubelet on ${node} run as ${breakGlassWarning}`,
    target: node,
    changes: [
      {
        what: kubeconfigPath,
        from: 'as it is',
        to: `a copy of ${pins.admin?.path ?? ''} (SHA-256 ${pins.admin?.sha256 ?? ''}), made on the node, until somebody can sign and the node is graduated`,
      },
    ],
    risk: 'break-glass',
    undo: 'the kubeconfig is put back from the backup',
    proof: 'the API server accepts the file, asked from the node',
    ...script(pins, 'install-admin.sh'),
  };
}

export function verifyServing({ node, pins }: PlanInput): PlanStep {
  return {
    id: 'verify-serving',
    sentence: `Prove that ${node} serves again, though not yet as itself`,
    target: node,
    changes: [
      {
        what: `${backupDirectory(pins.runId)}/concluded`,
        from: 'absent',
        to: '`left owing`, once all of it is proved',
      },
    ],
    risk: 'reversible',
    undo: 'not needed: a word about this run, in its own directory',
    proof: 'lease, Ready, every mirror pod, etcd and API server, held for the soak time',
    ...script(pins, 'conclude-run.sh'),
  };
}

export function followUp({ node }: PlanInput): PlanStep {
  return {
    id: 'follow-up',
    sentence: `Keep watch over the debt of ${node}: cluster-admin has to go as soon as somebody can sign`,
    target: node,
    changes: [
      {
        what: `workflow KubeletFollowUp for ${node}`,
        from: 'absent',
        to: 'open, without the lock of the cluster; it starts the graduation, which asks for its own approval, and reminds until it is done',
      },
    ],
    risk: 'reversible',
    undo: 'not needed: it only looks and reminds',
    proof: 'the workflow is open',
  };
}
