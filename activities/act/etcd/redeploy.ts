import { leaseTargets } from '../../../domain/lease.ts';
import type { EtcdPins } from '../../../domain/etcd/pins.ts';
import { readLeaseObject } from '../../connections/reads.ts';
import type { ActResult } from '../../contract.ts';
import { failure } from '../../failure.ts';
import { onObject, patchOnce, type Reach } from '../on-object.ts';

const path = leaseTargets['etcd-unsafe-override'].object;

interface EtcdObject {
  metadata?: { resourceVersion?: string };
  spec?: { forceRedeploymentReason?: string };
}

/** Any new value makes the operator write a new revision; ours says whose it was. */
export async function forceRedeployment(reach: Reach, { runId }: EtcdPins): Promise<ActResult> {
  const reason = `control-plane-recovery run ${runId}`;
  return await onObject(reach, async (api) => {
    const read = async () => (await readLeaseObject(api, path)) as EtcdObject;
    const { metadata, spec } = await read();
    if (spec?.forceRedeploymentReason === reason)
      return { changed: false, sentence: `forceRedeploymentReason is "${reason}" already` };
    const version = metadata?.resourceVersion;
    if (version === undefined || spec === undefined)
      throw failure('PreconditionFailed', 'etcds/cluster has no version or no specification');
    const patch = [
      { op: 'test' as const, path: '/metadata/resourceVersion', value: version },
      { op: 'add' as const, path: '/spec/forceRedeploymentReason', value: reason },
    ];
    await patchOnce(api, path, patch, async () => (await read()).spec?.forceRedeploymentReason === reason);
    return {
      changed: true,
      sentence: `forceRedeploymentReason is "${reason}": the operator makes a new revision`,
    };
  });
}
