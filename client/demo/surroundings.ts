import { runCommandLine } from '../command-line.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { storyIo, type Narrator } from './narrator.ts';
import type { Stage } from './stage.ts';

/** The surroundings of the commands in the story: this stage, and nothing of the person's own Temporal. */
export function innerContext(context: Context, { lab, temporal }: Stage): Context {
  const own = Object.entries(context.io.env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  const env = {
    ...Object.fromEntries(own),
    TEMPORAL_ADDRESS: temporal.address,
    // Not /dev/null: the SDK takes an empty file for a broken one.
    TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml',
    CPR_WEB_UI: temporal.uiUrl,
    CPR_CONFIG: lab.inventory,
  };
  return { ...context, io: storyIo(context, env), options: { output: 'text', color: context.options.color } };
}

/** Runs a command as if it were typed, and shows it. */
export async function type(inner: Context, narrator: Narrator, line: string): Promise<ExitCode> {
  narrator.typed(`cpr ${line}`);
  const code = await runCommandLine(
    [...line.split(' '), ...(inner.options.color ? [] : ['--no-color'])],
    inner.io,
  );
  inner.io.signal.throwIfAborted();
  return code;
}
