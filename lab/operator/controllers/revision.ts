import { askGate, type Operator, type Sync } from '../context.ts';
import { apply, pathOf, type DataObject } from '../objects.ts';
import { syncCondition } from '../rules/conditions.ts';
import { nextRevision, REVISIONED } from '../rules/revisions.ts';
import type { View } from '../view.ts';

const SOURCE = 'revisioncontroller';
const READY = 'operator.openshift.io/revision-ready';
/** A gate that has opened is noticed a little later: an override is honoured within seconds, not at once. */
const GATE = 'revision-gate';

/**
 * RevisionController: what changed becomes a numbered revision. On newer releases the gate stands here, before even asking
 * whether anything has changed: a closed one degrades the controller when there is nothing to do.
 */
export const syncRevision: Sync = async (view, operator) => {
  const { board, log, record } = operator;
  const gate = askGate('revision', view, operator);
  if (gate === undefined) return;
  if (gate !== 'open') {
    operator.due(GATE, undefined, 0);
    return board.report(syncCondition('RevisionController', gate.why));
  }
  if (!operator.due(GATE, 'open', operator.profile.lag.revision)) return;
  const next = nextRevision(board.latest(), (kind, name) => view.object(kind, name)?.data);
  board.report(syncCondition('RevisionController', 'missing' in next ? next.missing : undefined));
  if (!next.needed) return;
  const { revision, reason } = next;
  log(`new revision ${revision}: ${reason}`);
  record(SOURCE, 'StartingNewRevision', `new revision ${revision} triggered by "${reason}"`);
  await createRevision(view, operator, revision, reason);
  board.setLatest(revision);
};

/** The mark `revision-ready` comes last: what an operator that died in between has begun is begun again. */
async function createRevision(
  view: View,
  { api }: Operator,
  revision: number,
  reason: string,
): Promise<void> {
  const name = `revision-status-${revision}`;
  const data = { revision: String(revision), reason };
  const status = { kind: 'configmap', name, data } as const;
  await apply(api, view.object('configmap', name), { ...status, annotations: { [READY]: 'false' } });
  for (const { kind, name: each } of REVISIONED) {
    const copy = `${each}-${revision}`;
    const content = view.object(kind, each)?.data ?? {};
    await apply(api, view.object(kind, copy), { kind, name: copy, data: content });
  }
  const made = await api.get<DataObject>(pathOf('configmap', name));
  await apply(api, made, { ...status, annotations: { [READY]: 'true' } });
}
