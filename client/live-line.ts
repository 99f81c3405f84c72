import type { Io } from './context.ts';
import { cut } from './render/text.ts';

/** A last line on stderr that is rewritten while something goes on. Without a terminal it is never shown. */
export interface LiveLine {
  /** Redraws what `draw` returns several times a second, until the returned function is called. */
  every(draw: () => string): () => void;
  /** Prints a lasting line above it. */
  above(text: string): void;
}

const REDRAW_MS = 250;

export function liveLine(io: Io, wanted: boolean): LiveLine {
  const shown = io.live && wanted;
  const clear = () => io.err('\r\u001b[2K');
  let redraw: (() => void) | undefined;
  return {
    every(draw) {
      if (!shown) return () => {};
      redraw = () => io.err(`\r\u001b[2K${cut(draw(), io.columns - 1)}`);
      const timer = setInterval(redraw, REDRAW_MS).unref();
      redraw();
      return () => {
        clearInterval(timer);
        redraw = undefined;
        clear();
      };
    },
    above(text) {
      if (shown) clear();
      io.err(`${text}\n`);
      redraw?.();
    },
  };
}
