import type { Api } from '../cluster/api.ts';
import { takeToken, type Bucket } from './rules/burst.ts';

/** Sends an event in the name of one of the operator's controllers, unless that one has sent too many. */
export type Recorder = (controller: string, reason: string, message: string) => void;

const NAMESPACE = 'openshift-etcd-operator';

/** An event that cannot be sent is lost, as the real ones are: nobody may rest on them. */
export function eventRecorder(api: Api, log: (line: string) => void): Recorder {
  const buckets = new Map<string, Bucket>();
  return (controller, reason, message) => {
    log(`event ${reason}: ${message}`);
    const { allowed, bucket } = takeToken(buckets.get(controller), Date.now());
    buckets.set(controller, bucket);
    if (!allowed) return;
    api
      .send('POST', `/api/v1/namespaces/${NAMESPACE}/events`, event(controller, reason, message))
      .catch((error: unknown) =>
        log(`event ${reason} lost: ${error instanceof Error ? error.message : String(error)}`),
      );
  };
}

function event(controller: string, reason: string, message: string): object {
  const now = new Date().toISOString();
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { generateName: 'etcd-operator.', namespace: NAMESPACE },
    involvedObject: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'etcd-operator',
      namespace: NAMESPACE,
    },
    source: { component: `openshift-cluster-etcd-operator-${controller}` },
    type: 'Normal',
    reason,
    message: message.slice(0, 1024),
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  };
}
