import type { Parts } from './app.module.js';
import { type Config, LogConfig } from './platform/config/index.js';
import { loadMasterKey } from './platform/crypto/index.js';
import { openDatabase, type OpenedDatabase } from './platform/database/index.js';
import { AppError } from './platform/errors/app-error.js';
import { createLogger } from './platform/logging/logger.js';
import { Metrics } from './platform/telemetry/metrics.js';

export interface Started {
  parts: Parts;
  database: OpenedDatabase;
}

/** Everything before the application: logger, master key, database at the newest schema. */
export async function startUp(config: Config): Promise<Started> {
  const metrics = new Metrics();
  const logger = createLogger(config.get(LogConfig).level, metrics);
  const masterKey = await loadMasterKey(config);
  const database = await openDatabase(config, (message, fields) => logger.info(fields, message));
  if (database.applied.length > 0) logger.info({ applied: database.applied }, 'Schema migrated');
  if (database.fullRights) {
    logger.warn(
      'The database login may not take on the role gatehouse_service, so the service keeps all its rights; see docs/operations/database.md',
    );
  }
  const { connection } = database;
  return { parts: { config, connection, masterKey, metrics, logger }, database };
}

const fileProblems = new Set(['EACCES', 'EEXIST', 'ENOSPC', 'ENOTDIR', 'EPERM', 'EROFS']);

/** One line for an operator: what is wrong and what to do; null when a stack is needed. */
export function explain(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const { code, address, port, path, syscall } = error as Error & Record<string, unknown>;
  if (code === 'EADDRINUSE') {
    return `${String(address)}:${String(port)} is taken by another process: set PORT (or METRICS_PORT) to another port`;
  }
  if (code === 'EACCES' && port) return `Port ${String(port)} may not be used: set PORT above 1023`;
  // A file that an export finds in its way is another matter than a DATA_DIR that is a file.
  if (code === 'EEXIST' && syscall === 'open') return null;
  if (fileProblems.has(String(code)) && path) {
    return `DATA_DIR ${String(path)} cannot be written (${String(code)}): set DATA_DIR to a folder that this user may write to`;
  }
  if (error instanceof AppError) return explainProblem(error);
  const explained = [
    'ConfigError',
    'MasterKeyError',
    'DataDirInUseError',
    'EmbeddedPostgresError',
  ].includes(error.constructor.name);
  if (explained) return error.message;
  return databaseExplanation(error);
}

function explainProblem({ definition, context }: AppError): string {
  const fields = (context.errors ?? []).map((e) => `  ${e.pointer.slice(1)}: ${e.message}`);
  return [`${definition.title}: ${context.detail ?? definition.advice}`, ...fields].join('\n');
}

/** What the driver says without a code. */
const messages: readonly [RegExp, string][] = [
  [/timeout/i, 'there was no answer'],
  [/terminated unexpectedly/, 'it hung up'],
  [/does not support SSL/, 'it speaks no TLS, which sslmode asks for'],
];

function databaseExplanation(error: Error): string | null {
  const { code, variable = 'DATABASE_URL' } = error as Error & { code?: string; variable?: string };
  const reasons: Record<string, string> = {
    ECONNREFUSED: 'nobody listens there',
    ENOTFOUND: 'the host is not known',
    EAI_AGAIN: 'the host name cannot be resolved',
    ECONNRESET: 'it hung up',
    ETIMEDOUT: 'there was no answer',
    '28P01': 'the password is wrong',
    '28000': 'the login is refused',
    '3D000': 'the database does not exist',
    '53300': 'it has no connection left',
    '57P01': 'it hung up',
    '57P03': 'it is starting or stopping',
    '42501': 'the login may not create tables: set MIGRATION_DATABASE_URL to one that may',
  };
  const reason = reasons[code ?? ''] ?? messages.find(([said]) => said.test(error.message))?.[1];
  return reason ? `The database of ${variable} cannot be used: ${reason}` : null;
}
