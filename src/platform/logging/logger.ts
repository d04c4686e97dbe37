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

/** Names of fields whose value never reaches a log, at any of the usual depths (ASVS V16.2.5). */
const secretFields = [
  'password',
  'passwordConfirmation',
  'currentPassword',
  'accessToken',
  'refreshToken',
  'token',
  'authorization',
  'cookie',
  'key',
  'secret',
  'masterKey',
  'parameters', // TypeORM puts the values of a failed statement here
];
const redactedPaths = secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

/** Most bytes that wait for a blocked reader; further lines are dropped and counted. */
const bufferLimit = 4 * 1024 * 1024;

/**
 * The one logger: JSON, a line each, written asynchronously so that a blocked pipe never blocks
 * the service; a readable form when stdout is a terminal.
 */
export function createLogger(level: string, metrics: Metrics): Logger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redactedPaths, censor: '[redacted]' },
      mixin: () => {
        const context = currentContext();
        return context ? { requestId: context.requestId } : {};
      },
    },
    process.stdout.isTTY ? prettyStream() : jsonStream(metrics),
  );
}

function jsonStream(metrics: Metrics): DestinationStream {
  const stream = destination({ dest: 1, sync: false, maxLength: bufferLimit });
  const dropped = metrics.counter('log_lines_dropped_total');
  stream.on('drop', () => dropped.inc());
  stream.on('error', () => dropped.inc()); // EPIPE: the reader is gone, the service goes on
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
