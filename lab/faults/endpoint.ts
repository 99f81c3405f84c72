import { HAPROXY_CONFIG, haproxyConfig } from '../cluster/endpoint.ts';
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
      const answers = async () =>
        lab.api.get('/readyz').then(
          () => 'answered',
          (): true => true,
        );
      await waitUntil('a dropped connection', answers, { withinMs: 30_000, everyMs: 50, signal });
    });
  },
  healByForce,
};

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
