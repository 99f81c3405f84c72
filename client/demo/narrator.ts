import { elapsed } from '../../lab/host/progress.ts';
import type { Context, Io } from '../context.ts';
import { isText, styleOf } from '../output.ts';
import { wrap } from '../render/text.ts';

/** Tells the story: chapters with the time so far, plain sentences, and what a person would type. */
export interface Narrator {
  chapter(title: string): void;
  say(sentence: string): void;
  /** As it is: a table, a report. */
  show(text: string): void;
  typed(command: string): void;
}

/** With `-o json` the story goes to stderr: stdout holds nothing but the one object at the end. */
export function narratorFor(context: Context): Narrator {
  const { io } = context;
  const style = styleOf(context);
  const began = io.now();
  const print = isText(context) ? io.out : io.err;
  let number = 0;
  return {
    chapter(title) {
      number++;
      print(`\n${style.bold(`${number}. ${title}`)}  ${style.dim(`at ${elapsed(io.now() - began)}`)}\n`);
    },
    say: (sentence) => print(`${wrap(sentence, '   ')}\n`),
    show: (text) => print(`${text.trimEnd()}\n`),
    typed: (command) => print(`\n   ${style.bold(`$ ${command}`)}\n\n`),
  };
}

/** The terminal for a command within the story: it prints where the narrator prints. */
export function storyIo(context: Context, env: NodeJS.ProcessEnv): Io {
  const { io } = context;
  return { ...io, env, out: isText(context) ? io.out : io.err };
}
