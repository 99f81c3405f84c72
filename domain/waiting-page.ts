import { beforeReset } from './aftermath.ts';
import { votePayload, type Gate } from './approval.ts';
import { votesMissing } from './gate.ts';
import { mustSign, payloadFor } from './intervention.ts';
import { block, clock, code, safe } from './markdown.ts';
import type { BlockedStep, Drift, RunState } from './run.ts';
import { driftBlock, pausedText, votesTable } from './votes-text.ts';

/** What a run waits for, with exactly what to send: the part of its page that a person opens it for. */
export function waitingSections(state: RunState): string[] {
  if (state.outcome) return [];
  return [paused(state), answer(state), drift(state)];
}

function answer(state: RunState): string {
  if (state.blocked) return blocked(state, state.blocked);
  return state.phase === 'waiting-for-approval' && state.gate ? gate(state, state.gate) : '';
}

function paused({ paused: brake, cluster }: RunState): string {
  if (!brake) return '';
  const release = brake.assumed
    ? 'It goes on by itself as soon as the brake is known to be off.'
    : `To release it: workflow ${code(`brake/${cluster}`)} says how, or ${code(`cpr resume ${shellWord(cluster)} --reason '…'`)}.`;
  return ['### The brake is on', '', `${pausedText(brake)}. No act is begun. ${release}`].join('\n');
}

const formatting =
  'In the update dialog, if Submit seems to do nothing, press it again: the first press only formats the JSON.';

/** A field a line: the Web UI shows this in half a page, and what is cut off at its edge cannot be copied. */
function onLines(json: string): string {
  return block(JSON.stringify(JSON.parse(json), null, 2).replaceAll('`', String.raw`\u0060`), 'json');
}

function gate({ cluster, actedBefore }: RunState, open: Gate): string {
  const { id, deadline, votesNeeded, votes } = open;
  const missing = votesMissing(open);
  const asked = `${missing} more ${missing === 1 ? 'approval' : 'approvals'} of the plan below (${votesNeeded} needed), gate ${code(id)}, until ${clock(deadline)} UTC on ${deadline.slice(0, 10)}. Without one it ends and nothing ${actedBefore ? `more is changed. ${beforeReset}` : 'is changed.'}`;
  const ways = open.mode === 'signed' ? signedVote(cluster, open) : openVote(cluster, open);
  const given = votes.length === 0 ? [] : ['', votesTable(votes.slice(-6))];
  return ['### What it waits for', '', asked, ...given, '', ...ways].join('\n');
}

function openVote(cluster: string, open: Gate): string[] {
  return [
    'Here: **Send a Signal** (or **Send an Update**), name `vote`, and this as input, with your name and why:',
    '',
    onLines(votePayload(open)),
    '',
    `To refuse it, write \`"decision":"reject"\`; to take an approval back, \`"decision":"withdraw"\`. ${formatting}`,
    '',
    'Or in a terminal:',
    '',
    block(`cpr approve ${shellWord(cluster)}`),
  ];
}

/** Nobody can sign in a browser: the signature is made where the key is, and pasted here. */
function signedVote(cluster: string, open: Gate): string[] {
  const name = shellWord(cluster);
  return [
    'Only a signed vote counts. In a terminal with your key (`--print` makes it ready for pasting instead):',
    '',
    block(`cpr approve ${name}\ncpr approve ${name} --print`),
    '',
    `What \`--print\` printed goes here into **Send an Update** (or **Send a Signal**), name \`vote\`. Where your key is and Temporal is not, give \`cpr approve ${name} --print --from <file>\` this:`,
    '',
    onLines(votePayload(open)),
    '',
    `\`cpr reject\` and \`cpr withdraw\` do the same. ${formatting}`,
  ];
}

function blocked(state: RunState, step: BlockedStep): string {
  const choices = step.choices.map((choice) => code(choice)).join(' or ');
  const skip =
    step.skipMeans === undefined ? [] : ['', `${code('skip')} means: ${safe(step.skipMeans, 600)}`];
  return [
    `### Step ${code(step.stepId)} failed at ${clock(step.since)} UTC`,
    '',
    `${code(step.errorType)}: ${safe(step.error, 800)}`,
    '',
    safe(step.advice, 800),
    ...skip,
    '',
    `Decide ${choices}: **Send a Signal** (or **Send an Update**), name \`resolveStep\`, and this as input:`,
    '',
    onLines(payloadFor(state, { kind: 'resolveStep', action: 'retry' })),
    '',
    [...signedChoices(state, step), formatting].join(' '),
    '',
    'Or in a terminal:',
    '',
    block(
      step.choices
        .map((choice) => `cpr resolve ${shellWord(state.cluster)} ${choice} --reason '…'`)
        .join('\n'),
    ),
  ].join('\n');
}

function signedChoices(state: RunState, { choices }: BlockedStep): string[] {
  const signed = choices.filter((action) => mustSign(state, { kind: 'resolveStep', action }));
  if (signed.length === 0) return [];
  const names = signed.map((choice) => code(choice)).join(' and ');
  return [
    `Only retry is free: ${names} must be signed, and \`cpr resolve … --print\` makes that ready for pasting.`,
  ];
}

/** Whoever saw the plan before must see what became of it, and not read all of it again to find out. */
function drift({ drifts, gate: open, phase }: RunState): string {
  const last: Drift | undefined = drifts?.at(-1);
  if (!last || !open || phase !== 'waiting-for-approval') return '';
  return [
    `### What changed since gate ${code(last.gate)}`,
    '',
    `Its votes do not count any more: ${safe(last.why, 600)}`,
    '',
    driftBlock(last, 24),
  ].join('\n');
}

/** A name from the inventory is a plain word already; anything else is quoted, for the line is there to be pasted. */
export function shellWord(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll(/['`\n\r]/g, '')}'`;
}
