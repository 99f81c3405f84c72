import type { Finding } from '../../domain/finding.ts';
import type { HealthCheckResult } from '../../workflows/messages.ts';
import { pausedLine } from './brake.ts';
import { bytes, clock, oneLine, plural, wrap, type Style } from './text.ts';

export interface HealthView {
  now: number;
  wide: boolean;
  style: Style;
}

/** What is broken, how we know, which runbook fits or why none does. */
export function renderHealth(result: HealthCheckResult, view: HealthView): string {
  const found = renderFound(result, view);
  if (!result.paused) return found;
  const held = wrap(`${pausedLine(result.paused, view.now)}. No act is begun.`, '  ', undefined, '');
  return `${found}\n\n${view.style.red(held)}`;
}

function renderFound(result: HealthCheckResult, view: HealthView): string {
  const { style } = view;
  const { apiCalls, milliseconds } = result.cost;
  const cost = `${plural(apiCalls, 'API call')}, ${bytes(result.cost.bytes)}, ${(milliseconds / 1000).toFixed(1)} s`;
  const looked = style.dim(`looked ${clock(result.at, view.now)} (${cost})`);
  if (result.findings.length === 0) {
    const word = result.healthy ? style.green('healthy') : style.yellow('no finding, but not healthy');
    return `${style.bold(result.cluster)}: ${word}  ${looked}`;
  }
  const count = plural(result.findings.length, 'finding');
  const blocks = result.findings.map((finding, index) =>
    renderFinding(result.cluster, finding, index + 1, view),
  );
  const why = result.notProposed === undefined ? [] : [renderNotProposed(result.notProposed, view)];
  return [`${style.bold(result.cluster)}: ${style.red(count)}  ${looked}`, ...blocks, ...why].join('\n\n');
}

function renderFinding(cluster: string, finding: Finding, number: number, view: HealthView): string {
  const { style, wide } = view;
  const paint = finding.severity === 'critical' ? style.red : style.yellow;
  const where = finding.node === undefined ? '' : ` on ${finding.node}`;
  const lines = [
    `${number}. ${paint(finding.severity.toUpperCase())}  ${style.bold(`${finding.code}${where}`)}`,
    wrap(finding.sentence, '   '),
    style.dim('   How we know'),
    ...finding.evidence.map(({ fact, source }) => {
      const told = wide ? `${fact}  [${oneLine(source)}]` : fact;
      return wrap(told, '     ', undefined, '   - ');
    }),
    ...renderRuledOut(finding, style),
    style.dim('   What fits'),
    remedyLine(cluster, finding),
  ];
  return lines.join('\n');
}

/** So that nobody has to look for it once more. */
function renderRuledOut({ ruledOut = [] }: Finding, style: Style): string[] {
  if (ruledOut.length === 0) return [];
  return [style.dim('   What it is not'), ...ruledOut.map((fact) => wrap(fact, '     ', undefined, '   - '))];
}

/** The runbook that fits would be refused just now, or was turned down lately. */
function renderNotProposed(why: string, { style }: HealthView): string {
  return [style.dim('No recovery is proposed'), wrap(oneLine(why), '   ')].join('\n');
}

function remedyLine(cluster: string, { remedy, node: concerned }: Finding): string {
  if ('page' in remedy) return wrap(`no runbook mends this; read ${remedy.page}`, '   ');
  const node = concerned === undefined ? '' : ` --node ${remedy.target}`;
  const command = remedy.runbook === 'Cleanup' ? 'clean' : 'recover';
  return `   ${remedy.runbook}: cpr ${command} ${cluster}${node}`;
}
