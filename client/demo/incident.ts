import { faultNamed } from '../../lab/faults/index.ts';
import type { Context } from '../context.ts';
import { progressOf } from '../lab-target.ts';
import type { Narrator } from './narrator.ts';
import type { Stage } from './stage.ts';

export const FAULT = 'kubelet-anonymous';
export const NODE = 'master-1';

/** Breaks the kubelet as in the incident, and shows what a person sees of it. */
export async function breakKubelet(context: Context, narrator: Narrator, { lab }: Stage): Promise<void> {
  narrator.chapter(`The incident: the kubelet of ${NODE} loses its credentials`);
  narrator.say(
    `The client certificate of the kubelet on ${NODE} is removed, and the credential with which it could ask for a new ` +
      'one is made one that the API server rejects. This is what cpr will have to find out.',
  );
  await faultNamed(FAULT).break(lab, NODE, { progress: progressOf(context), signal: context.io.signal });
  narrator.say(`What the cluster still knows of the pods on ${NODE}:`);
  narrator.show(await podsOn(lab));
  narrator.say(
    'Its etcd and its API server go on running; but nobody sees them, and nobody can change them any more.',
  );
}

/** What the cluster knows of the node's pods, as `kubectl` prints it. */
export async function podsOn(lab: Stage['lab']): Promise<string> {
  const args = ['get', 'pods', '-A', '--field-selector', `spec.nodeName=${NODE}`];
  const listed = await lab.kubectl(args, { timeoutMs: 20_000 });
  return indent(listed.trim() || 'no pods at all');
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `     ${line}`)
    .join('\n');
}
