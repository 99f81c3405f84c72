/** What is being done, how far it is, and how long it usually takes: every piece of long work reports here. */
export interface Progress {
  /** Begins a step. `usually` says how long it normally takes ("2 min"), so that a person knows whether to wait. */
  step(text: string, options?: StepOptions): Step;
  /** One sentence that belongs to no step. */
  say(text: string): void;
}

export interface StepOptions {
  usually?: string;
}

/** A step ends by exactly one of `done` and `fail`; what comes after that is ignored. */
export interface Step {
  /** How far the step is: "package 812 of 1900". */
  update(text: string): void;
  done(text?: string): void;
  fail(text?: string): void;
}

/** The part of a terminal stream that the reporter needs. */
export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

interface ReporterOptions {
  output?: Output;
  env?: NodeJS.ProcessEnv;
  /** Milliseconds; a test passes its own clock. */
  now?: () => number;
}

interface Active {
  text: string;
  detail: string;
  usually: string | undefined;
  since: number;
}

interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
}

const REDRAW_MS = 200;
/** Without a terminal a long step still says now and then that it lives; a silent log looks like a hang. */
const PLAIN_REPEAT_MS = 30_000;

/** Reports to the terminal: one live line that is rewritten, or plain lines where there is no terminal. */
export function terminalProgress(options: ReporterOptions = {}): Progress {
  const output: Output = options.output ?? process.stderr;
  const env = options.env ?? process.env;
  const now = options.now ?? Date.now;
  const live = output.isTTY === true && env['TERM'] !== 'dumb';
  const style = styleFor(live && !env['NO_COLOR']);
  return live ? liveReporter(output, style, now) : plainReporter(output, now);
}

/** Reports nothing. */
export function silentProgress(): Progress {
  const step: Step = { update() {}, done() {}, fail() {} };
  return { step: () => step, say() {} };
}

/** Runs `work` as one step: done when it returns, failed when it throws. */
export async function during<T>(
  progress: Progress,
  text: string,
  work: (step: Step) => Promise<T>,
  options: StepOptions = {},
): Promise<T> {
  const step = progress.step(text, options);
  try {
    const result = await work(step);
    step.done();
    return result;
  } catch (error) {
    step.fail();
    throw error;
  }
}

/** Seconds with one decimal below a minute, minutes and seconds above: "3.4 s", "2 min 05 s". */
export function elapsed(ms: number): string {
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

function plainReporter(output: Output, now: () => number): Progress {
  return {
    say: (text) => void output.write(`${text}\n`),
    step(text, { usually } = {}) {
      const since = now();
      let lastLine = since;
      let over = false;
      output.write(`… ${text}${usually ? ` (usually ${usually})` : ''}\n`);
      const end = (mark: string, last: string) => {
        if (over) return;
        over = true;
        output.write(`${mark} ${last}, ${elapsed(now() - since)}\n`);
      };
      return {
        update(detail) {
          if (over || now() - lastLine < PLAIN_REPEAT_MS) return;
          lastLine = now();
          output.write(`  ${text}: ${detail}, ${elapsed(now() - since)}\n`);
        },
        done: (last) => end('✓', last ?? text),
        fail: (last) => end('✗', last ?? text),
      };
    },
  };
}

function liveReporter(output: Output, style: Style, now: () => number): Progress {
  const running: Active[] = [];
  let timer: NodeJS.Timeout | undefined;
  const clear = () => output.write('\r\u001b[2K');
  const draw = () => {
    const current = running.at(-1);
    if (!current) return;
    clear();
    output.write(style.dim(fit(liveLine(current, now()), output.columns || 80)));
  };
  const line = (text: string) => {
    clear();
    output.write(`${text}\n`);
    draw();
  };
  const end = (step: Active, mark: string, last: string) => {
    const at = running.indexOf(step);
    if (at < 0) return;
    running.splice(at, 1);
    if (running.length === 0) {
      clearInterval(timer);
      timer = undefined;
    }
    line(`${mark} ${last} ${style.dim(elapsed(now() - step.since))}`);
  };
  return {
    say: line,
    step(text, { usually } = {}) {
      const step: Active = { text, detail: '', usually, since: now() };
      running.push(step);
      // The process may end while a step is open (an error elsewhere); the clock must not keep it alive.
      timer ??= setInterval(draw, REDRAW_MS).unref();
      draw();
      return {
        update(detail) {
          step.detail = detail;
        },
        done: (last) => end(step, style.green('✓'), last ?? text),
        fail: (last) => end(step, style.red('✗'), style.bold(last ?? text)),
      };
    },
  };
}

function liveLine(step: Active, now: number): string {
  const detail = step.detail ? `: ${step.detail}` : '';
  const usually = step.usually ? `, usually ${step.usually}` : '';
  return `… ${step.text}${detail}  ${elapsed(now - step.since)}${usually}`;
}

/** A line longer than the terminal would wrap, and rewriting it would then leave its first half behind. */
function fit(text: string, columns: number): string {
  return text.length < columns ? text : `${text.slice(0, Math.max(1, columns - 2))}…`;
}

function styleFor(color: boolean): Style {
  const paint = (code: number) => (text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: paint(1), dim: paint(2), red: paint(31), green: paint(32) };
}
