import { HttpException } from '@nestjs/common';

import type { ErrorCode } from '../../catalogue/errors.js';
import { databaseErrorCode } from '../database/database-error.js';
import { AppError } from './app-error.js';

const byFastifyCode: Record<string, ErrorCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'http.payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'http.unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'http.malformed_request',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'http.malformed_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'http.malformed_json',
  FST_ERR_BAD_URL: 'http.malformed_request',
  FST_ERR_MAX_PARAM_LENGTH: 'http.uri_too_long',
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: 'http.unsupported_media_type',
  FST_ERR_HANDLER_TIMEOUT: 'server.timeout',
  ECONNRESET: 'http.malformed_request',
  ERR_STREAM_PREMATURE_CLOSE: 'http.malformed_request',
};

const byStatus: Record<number, ErrorCode> = {
  400: 'http.malformed_request',
  401: 'auth.required',
  403: 'access.denied',
  404: 'http.not_found',
  405: 'http.method_not_allowed',
  408: 'http.request_timeout',
  413: 'http.payload_too_large',
  414: 'http.uri_too_long',
  415: 'http.unsupported_media_type',
  429: 'throttling.limit_exceeded',
  431: 'http.headers_too_large',
  503: 'server.overloaded',
  504: 'server.timeout',
};

/** Gives every thrown thing its place in the catalogue; what has none is `server.internal`. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const cause = thrown instanceof HttpException ? (thrown.cause ?? thrown) : thrown;
  if (cause instanceof AppError) return cause;
  return new AppError(codeOf(thrown, cause), { cause });
}

function codeOf(thrown: unknown, cause: unknown): ErrorCode {
  const status = thrown instanceof HttpException ? thrown.getStatus() : statusOf(thrown);
  // An upload that is broken off looks like a lost database, but Fastify has given it a status.
  const database = status < 500 ? undefined : databaseErrorCode(cause);
  if (database) return database;
  const fastifyCode = byFastifyCode[String((cause as { code?: unknown } | null)?.code)];
  if (fastifyCode) return fastifyCode;
  return byStatus[status] ?? (status < 500 ? 'http.malformed_request' : 'server.internal');
}

/** Status of Fastify's and http-errors' errors; anything else is an internal error. */
function statusOf(thrown: unknown): number {
  const { statusCode } = (thrown ?? {}) as { statusCode?: unknown };
  return typeof statusCode === 'number' && statusCode < 500 ? statusCode : 500;
}
