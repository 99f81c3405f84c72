import { HAPROXY_CONFIG, haproxyConfig } from '../cluster/endpoint.ts';
import { notReady } from '../cluster/health.ts';
import { waitUntil } from '../cluster/wait.ts';
import type { Lab } from '../handle.ts';
import { during } from '../host/progress.ts';
import { INFRA } from '../settings.ts';
import type { Fault, FaultOptions } from './fault.ts';
import { on } from './node-health.ts';

const HEAL = 'Give the load balancer its own configuration back.';
const DROPS_ONE_IN = 3;

/** As a virtual address that the broken master happens to hold: through it, only this one is seen. */
export const endpointOnNode: Fault = {
  name: 'endpoint-on-node',
  sentence: 'The API endpoint sends everybody to this master alone.',
  symptom: "Nothing, as long as this master's API server works; every request is in its log.",
  heal: HEAL,
  break: (lab, node, { progress }) =>
    during(progress, `the endpoint is ${node} alone`, () => configure(lab, { masters: [node] })),
  healByForce,
};

export const endpointFlaky: Fault = {
  name: 'endpoint-flaky',
  sentence: 'The API endpoint drops one new connection in three, whichever master is behind it.',
  symptom: 'kubectl says "EOF" or "connection reset by peer" now and then, and works when asked again.',
  heal: HEAL,
  async break(lab, _node, { progress, signal }) {
    await during(progress, 'the endpoint drops connections', async () => {
      await configure(lab, { dropsOneIn: DROPS_ONE_IN });
      await waitUntil('a dropped connection', refused(lab), { withinMs: 30_000, everyMs: 50, signal });
    });
  },
  healByForce,
};

export const apiEndpointDown: Fault = {
  name: 'api-endpoint-down',
  sentence: 'The load balancer before the API is stopped; the API servers on the masters work.',
  symptom:
    'kubectl says "connection refused", and after 40 s every Node is NotReady: kubelets use the same endpoint.',
  heal: 'Start the load balancer.',
  async break(lab, _node, { progress, signal }) {
    await during(progress, 'the endpoint is stopped', async () => {
      await on(lab, INFRA, 'systemctl', 'stop', 'haproxy');
      await waitUntil('a refused connection', refused(lab), { withinMs: 30_000, signal });
    });
  },
  healByForce: startAgain,
};

const FLAPPING_UNIT = 'lab-endpoint-flapping';
/** A kubelet's lease is good for 40 s: it outlives each outage. */
const DOWN_S = 6;
const UP_S = 14;

export const apiEndpointFlapping: Fault = {
  name: 'api-endpoint-flapping',
  sentence: 'The load balancer before the API stops for six seconds, again and again.',
  symptom: 'kubectl says "connection refused" for a moment, then works, then does not.',
  heal: 'End what stops the load balancer, and start it.',
  async break(lab, _node, { progress, signal }) {
    await during(progress, 'the endpoint comes and goes', async () => {
      const loop = `while :; do systemctl stop haproxy; sleep ${DOWN_S}; systemctl start haproxy; sleep ${UP_S}; done`;
      await lab.sh(INFRA, ['systemctl', 'stop', FLAPPING_UNIT]);
      await on(
        lab,
        INFRA,
        'systemd-run',
        '--quiet',
        '--collect',
        `--unit=${FLAPPING_UNIT}`,
        'sh',
        '-c',
        loop,
      );
      await waitUntil('a refused connection', refused(lab), { withinMs: 60_000, everyMs: 200, signal });
    });
  },
  healByForce: startAgain,
};

function refused(lab: Lab): () => Promise<true | string> {
  return () =>
    lab.api.get('/readyz').then(
      () => 'answered',
      (): true => true,
    );
}

/** The kubelet of the node itself may have lost more than the endpoint. */
async function startAgain(lab: Lab, node: string, { progress, signal }: FaultOptions): Promise<void> {
  await during(progress, 'the endpoint is there, and the other kubelets have found it', async () => {
    // It may not be there, which is what is wanted.
    await lab.sh(INFRA, ['systemctl', 'stop', FLAPPING_UNIT]);
    await on(lab, INFRA, 'systemctl', 'start', 'haproxy');
    const others = lab.masters.filter((name) => name !== node);
    const ready = () => notReady(lab.api, others).catch((error: Error) => error.message);
    await waitUntil(`every Node but ${node} is Ready`, ready, { withinMs: 120_000, signal });
  });
}

async function healByForce(lab: Lab, _node: string, { progress }: FaultOptions): Promise<void> {
  await during(progress, 'the endpoint is all three masters', () => configure(lab, {}));
}

/** The reload keeps the connections that are open: those are not what either fault is about. */
async function configure(lab: Lab, endpoint: Parameters<typeof haproxyConfig>[1]): Promise<void> {
  const content = haproxyConfig(lab.settings, endpoint);
  const { code, stderr } = await lab.sh(INFRA, ['sh', '-c', `cat > /${HAPROXY_CONFIG}`], { input: content });
  if (code !== 0) throw new Error(`cannot write ${HAPROXY_CONFIG}: ${stderr.trim()}`);
  await on(lab, INFRA, 'systemctl', 'reload', 'haproxy');
}
