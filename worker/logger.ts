import { pino, type Logger as Pino, type LoggerOptions } from 'pino';
import type { Logger as TemporalLogger, LogLevel } from '@temporalio/worker';
import { removeSecrets } from './secrets.ts';

export type { Pino as Logger };

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;

export interface LogOptions {
  level?: (typeof logLevels)[number];
  /** File descriptor or file; absent: standard output. */
  destination?: number | string;
}

/** One JSON object per line, with an ISO time and the level by name; secrets are removed from the finished line. */
export function createLogger({ level = 'info', destination = 1 }: LogOptions = {}): Pino {
  const options: LoggerOptions = {
    level,
    base: { service: 'control-plane-recovery' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // The SDK says `error` where pino expects `err`; without this, a failed activity would be logged as `{}`.
    serializers: { error: pino.stdSerializers.errWithCause },
    hooks: { streamWrite: removeSecrets },
  };
  return pino(options, pino.destination({ dest: destination, mkdir: true, sync: true }));
}

/** The SDK's own messages, and what workflows and activities log, as lines of the same logger. */
export function temporalLogger(logger: Pino): TemporalLogger {
  const log = (level: LogLevel, message: string, meta?: object) => {
    const line = logger[level === 'WARN' ? 'warn' : (level.toLowerCase() as 'info')].bind(logger);
    line({ ...meta }, message);
  };
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  };
}
