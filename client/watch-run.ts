import type { RunState } from '../domain/run.ts';
import type { Context } from './context.ts';
import { failure } from './failure.ts';
import { follow } from './follow.ts';
import type { Gateway, RunRef } from './gateway.ts';
import { runPage } from './links.ts';
import { liveLine } from './live-line.ts';
import { isText, tellEach } from './output.ts';
import { cancelled } from './patience.ts';
import { newsSince, nowLine } from './render/news.ts';
import { viewOf } from './run-view.ts';

export interface WatchOptions {
  /** What has been shown already. */
  from?: RunState | undefined;
  /** Stop here although the run has not ended. */
  until: (state: RunState) => boolean;
  timeoutMs?: number | undefined;
  /** With `-o json|yaml`: print every change as an object of its own. */
  stream?: boolean;
  /** What to say when the person presses Ctrl-C. */
  detached: string;
}

/**
 * Shows what happens in a run, line by line, until it has ended or `until` says so, and returns its state then. Ctrl-C and
 * the end of the time leave the run alone: it goes on.
 */
export async function watchRun(
  context: Context,
  gateway: Gateway,
  run: RunRef,
  options: WatchOptions,
): Promise<RunState> {
  const { io } = context;
  const deadline = options.timeoutMs === undefined ? undefined : AbortSignal.timeout(options.timeoutMs);
  const signal = deadline ? AbortSignal.any([io.signal, deadline]) : io.signal;
  const screen = screenFor(context, options, runPage(gateway.place, run));
  try {
    for await (const look of follow(gateway, run, { signal, pollMs: context.pollMs })) {
      if ('trouble' in look) {
        screen.trouble(look.trouble);
        continue;
      }
      await screen.show(look.state);
      if (look.state.outcome || options.until(look.state)) return look.state;
    }
  } finally {
    screen.close();
  }
  if (io.signal.aborted) throw cancelled('Stopped following.', options.detached);
  throw failure('TimedOut', {
    what: 'Stopped following: the time of --timeout is over.',
    next: options.detached,
  });
}

interface Screen {
  show(state: RunState): Promise<void>;
  /** Told once, until it changes or passes. */
  trouble(sentence: string): void;
  close(): void;
}

function screenFor(context: Context, { from, stream }: WatchOptions, page: string | undefined): Screen {
  const { io } = context;
  const text = isText(context);
  const line = liveLine(io, text);
  let last = from;
  let trouble: string | undefined;
  const close = line.every(() => `… ${trouble ?? (last ? nowLine(last, io.now()) : 'asking')}`);
  return {
    close,
    trouble(sentence) {
      if (text && sentence !== trouble) line.above(sentence);
      trouble = sentence;
    },
    async show(state) {
      const before = last;
      trouble = undefined;
      last = state;
      if (!text) {
        if (stream && differs(before, state)) await tellEach(context, { data: state, text: () => '' });
        return;
      }
      const news = newsSince(before, state, viewOf(context, page));
      if (news.length > 0) line.above(news.join('\n'));
    },
  };
}

function differs(before: RunState | undefined, after: RunState): boolean {
  return JSON.stringify(before) !== JSON.stringify(after);
}
