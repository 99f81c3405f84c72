import { failure } from '../../../activities/failure.ts';
import type { NodeLane, NodeScriptCall } from '../../../activities/connections/node-lane.ts';

/** What `observe-kubelet.sh` says of a healthy master-1 of the lab. */
export function healthyWords(change: Record<string, string> = {}): Record<string, string> {
  return {
    nodeName: 'master-1',
    nodeTime: '2026-11-22T20:31:00.000Z',
    unit: 'ActiveState=active\nSubState=running\nResult=success\nNRestarts=0\nInvocationID=a\nExecMainStartTimestamp=Sun 2026-11-22 20:00:00 UTC',
    disk: '20000000000',
    diskWritable: 'yes',
    certState: 'missing',
    'kubeconfig.state': 'missing',
    'bootstrap.state': 'missing',
    accepted: 'unknown',
    acceptedDetail: '',
    'identity.accepted': 'unknown',
    'identity.detail': 'there is no file to ask with',
    journal: '',
    journalCounted: 'yes',
    journalWindow: '15',
    pods: '[]',
    admin: '',
    temporary: '',
    runs: '',
    halfWritten: '',
    lockHeld: 'no',
    etcdKept: '',
    'health.api.code': '200',
    'health.api.body': 'ok',
    'health.etcd.code': '200',
    'health.etcd.body': 'ok',
    'health.metrics.code': '000 exit 7',
    'health.metrics.body': '',
    ...change,
  };
}

/** A lane without ssh: what each call is answered with. */
export function stubLane(answer: (call: NodeScriptCall) => Promise<Record<string, string>>): NodeLane {
  return { run: answer, stream: answer };
}

/** For what is done through the API alone. */
export function noLane(): NodeLane {
  return stubLane(() => Promise.reject(failure('NodeUnreachable', 'nothing is asked of a node')));
}
