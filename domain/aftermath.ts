import type { RunbookName } from './plan.ts';
import type { RunState, StepState } from './run.ts';

/**
 * Whether anything may have been changed by this run, also before a Reset that made it forget. A step that failed counts, for
 * it may have failed half-way; one that was barred before it began has no `startedAt`.
 */
export function mayHaveActed({ actedBefore, steps }: Pick<RunState, 'actedBefore' | 'steps'>): boolean {
  return actedBefore === true || steps.some(leavesTrace);
}

function leavesTrace({ startedAt, state }: StepState): boolean {
  return startedAt !== undefined && state !== 'already-so';
}

export const beforeReset =
  'What it may have done before that stands: the timeline, or the page of the run that was reset, names it.';

/** What a run that ends without success has done and left, in sentences for whoever reads its end. */
export function whatStands(state: RunState): string {
  if (!mayHaveActed(state)) return 'Nothing was done.';
  const said = hereStands(state);
  if (!state.actedBefore) return said.length > 0 ? said.join(' ') : 'It had only looked.';
  return [...(said.length > 0 ? said : ['Nothing was done since it asked anew.']), beforeReset].join(' ');
}

function hereStands(state: RunState): string[] {
  const { done, failed, undone } = tracesOf(state);
  const said: string[] = [];
  if (done.length > 0) said.push(`Done, and not put back: ${done.join(', ')}.`);
  if (failed.length > 0) said.push(`Left as it is, perhaps half done: ${failed.join(', ')}.`);
  if (undone.length === 0) return said;
  const all =
    said.length === 0 ? 'What the run had changed was put back.' : `Put back: ${undone.join(', ')}.`;
  return [...said, all];
}

/** Ids of the steps of this plan that change something, by what became of them. */
function tracesOf({ steps, plan }: RunState): Record<'done' | 'failed' | 'undone', string[]> {
  const looking = plan?.steps.filter(({ changes }) => changes.length === 0).map(({ id }) => id) ?? [];
  const traces = steps.filter((step) => leavesTrace(step) && !looking.includes(step.id));
  const idsOf = (is: (state: StepState['state']) => boolean) =>
    traces.filter(({ state }) => is(state)).map(({ id }) => id);
  return {
    done: idsOf((state) => state === 'done'),
    failed: idsOf((state) => state !== 'done' && state !== 'undone'),
    undone: idsOf((state) => state === 'undone'),
  };
}

/** What to do after an end without success. */
export function whatNow(state: RunState): string {
  const { cluster, runbook } = state;
  if (!mayHaveActed(state)) return `This run changed nothing; "${commandOf(state)}" proposes the plan again.`;
  const { done, failed, undone } = tracesOf(state);
  const isPutBack = !state.actedBefore && undone.length > 0 && done.length + failed.length === 0;
  if (isPutBack && runbook === 'KubeletAuthRecovery') return bootstrapPutBack;
  return `${stillToDo(state)}"cpr diagnose ${cluster}" shows how ${cluster} stands and what is left; "${commandOf(state)}" makes a plan for what is still to do.`;
}

/** Beyond the point of no return the way out is forward, for whoever takes over from the run. */
function stillToDo({ steps, pastPointOfNoReturn }: RunState): string {
  const left = steps.filter(({ state }) => ['pending', 'running', 'blocked'].includes(state));
  if (!pastPointOfNoReturn || left.length === 0) return '';
  return `Still to do: ${left.map(({ sentence }) => sentence).join('; ')}. `;
}

/** A kubelet that cannot authenticate leaves and starts again every five minutes, whatever this run does. */
const bootstrapPutBack =
  'The bootstrap file is again the one that was found. If the kubelet started by itself while the new credential was in place, it may have filed a certificate request: "cpr diagnose" shows how the node stands, and "kubectl get csr" what waits.';

const commands: Record<RunbookName, string> = {
  KubeletAuthRecovery: 'cpr recover',
  EtcdRecovery: 'cpr recover',
  Cleanup: 'cpr clean',
};

/** How a run of this runbook is asked for. */
export function commandOf({ runbook, cluster }: Pick<RunState, 'runbook' | 'cluster'>): string {
  return `${commands[runbook]} ${cluster}`;
}
