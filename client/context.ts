import type { Gateway } from './gateway.ts';

/** The terminal, or whatever stands in for it. Results go to `out`, everything about them to `err`. */
export interface Io {
  out: (text: string) => void;
  err: (text: string) => void;
  /** A person reads stderr and can be shown a line that changes. */
  live: boolean;
  /** A person can answer: stdin and stderr are both terminals. */
  interactive: boolean;
  columns: number;
  color: boolean;
  /** Asks for a line; undefined when the input ended. Only called when `interactive`. */
  ask(question: string, signal: AbortSignal): Promise<string | undefined>;
  /** The next key; undefined when the input ended or `signal` is aborted. Only called when `interactive`. */
  key(signal: AbortSignal): Promise<string | undefined>;
  /** Milliseconds since the epoch. */
  now(): number;
  env: NodeJS.ProcessEnv;
  /** Aborted by the first Ctrl-C or SIGTERM. */
  signal: AbortSignal;
}

export const outputFormats = ['text', 'wide', 'json', 'yaml'] as const;
export type OutputFormat = (typeof outputFormats)[number];

export interface GlobalOptions {
  config?: string;
  profile?: string;
  address?: string;
  output: OutputFormat;
  color: boolean;
}

/** What an inventory says about a cluster, as far as the command line cares. */
export interface KnownClusters {
  /** Where it was read. */
  path: string;
  masters: Map<string, readonly string[]>;
  /** By cluster, the allowed-signers file that the inventory names; it need not exist on this machine. */
  allowedSigners?: Map<string, string>;
}

/** Everything a command may use. Connections are opened when first asked for. */
export interface Context {
  io: Io;
  options: GlobalOptions;
  /** How often a followed run is looked at. */
  pollMs: number;
  connect(): Promise<Gateway>;
  /** The inventory; undefined when there is none to be found and none was named. */
  inventory(): Promise<KnownClusters | undefined>;
}
