import {
  type DestinationStream,
  destination,
  type Logger,
  pino,
  stdTimeFunctions,
  transport,
} from 'pino';

import { currentContext } from '../context/request-context.js';
import type { Metrics } from '../telemetry/metrics.js';
import { LogStream } from './log-stream.js';
import { redacted } from './redact.js';

/** Most bytes that wait for a blocked reader; further lines are dropped and counted. */
const bufferLimit = 4 * 1024 * 1024;

/**
 * The one logger: JSON, a line each, without secrets, written so that a blocked pipe never blocks
 * the service; a readable form when stdout is a terminal.
 */
export function createLogger(level: string, metrics: Metrics): Logger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: redacted },
      serializers: { err: (error: unknown) => error }, // `redacted` has written it out already
      mixin: () => {
        const context = currentContext();
        return context ? { requestId: context.requestId } : {};
      },
    },
    // Looking at process.stdout makes a pipe non-blocking, which LogStream needs.
    process.stdout.isTTY ? prettyStream() : jsonStream(metrics),
  );
}

function jsonStream(metrics: Metrics): DestinationStream {
  const dropped = metrics.counter('log_lines_dropped_total');
  const stream = new LogStream(1, bufferLimit, (lines) => dropped.inc(lines));
  process.once('exit', () => stream.flushSync());
  return stream;
}

/** pino-pretty is a development dependency: without it a terminal gets JSON too. */
function prettyStream(): DestinationStream {
  try {
    return transport({
      target: 'pino-pretty',
      options: { ignore: 'requestId', translateTime: 'SYS:HH:MM:ss.l' },
    }) as DestinationStream;
  } catch {
    return destination({ dest: 1, sync: false });
  }
}
