import {
  BadRequestException,
  ForbiddenException,
  HttpException,
  ImATeapotException,
  InternalServerErrorException,
  NotFoundException,
  UnauthorizedException,
} from '@nestjs/common';

import { AppError } from './app-error.js';
import { toAppError } from './to-app-error.js';

const withCode = (code: string, extra: object = {}): Error =>
  Object.assign(new Error('SELECT secret FROM users'), { code, ...extra });

describe('Places in the catalogue', () => {
  it.each([
    ['08006', 'database.unavailable'],
    ['08P01', 'database.unavailable'],
    ['53300', 'database.unavailable'],
    ['53200', 'database.unavailable'],
    ['53100', 'database.full'],
    ['57P01', 'database.unavailable'],
    ['57P03', 'database.unavailable'],
    ['57014', 'database.unavailable'],
    ['55P03', 'database.unavailable'],
    ['28P01', 'database.unavailable'],
    ['3D000', 'database.unavailable'],
    ['25006', 'database.read_only'],
    ['40001', 'resource.conflict'],
    ['40P01', 'resource.conflict'],
    ['23505', 'resource.conflict'],
    ['23503', 'resource.conflict'],
    ['23502', 'server.internal'],
    ['42601', 'server.internal'],
    ['42501', 'server.internal'],
    ['22P02', 'server.internal'],
    ['XX000', 'server.internal'],
  ])('[ER-01] SQLSTATE %s is %s', (code, expected) => {
    expect(toAppError(withCode(code)).code).toBe(expected);
  });

  it.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'])(
    '[ER-01] %s is a database that is away',
    (code) => {
      expect(toAppError(withCode(code)).code).toBe('database.unavailable');
    },
  );

  it.each(['Query read timeout', 'timeout exceeded when trying to connect', 'Client was closed'])(
    '[ER-01] %s of the driver is a database that is away',
    (message) => {
      expect(toAppError(new Error(message)).code).toBe('database.unavailable');
    },
  );

  it.each([
    ['FST_ERR_CTP_BODY_TOO_LARGE', 413, 'http.payload_too_large'],
    ['FST_ERR_CTP_INVALID_MEDIA_TYPE', 415, 'http.unsupported_media_type'],
    ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', 400, 'http.malformed_request'],
    ['FST_ERR_CTP_EMPTY_JSON_BODY', 400, 'http.malformed_json'],
    ['FST_ERR_CTP_INVALID_JSON_BODY', 400, 'http.malformed_json'],
    ['FST_ERR_BAD_URL', 400, 'http.malformed_request'],
    ['FST_ERR_MAX_PARAM_LENGTH', 414, 'http.uri_too_long'],
    ['FST_ERR_HANDLER_TIMEOUT', 503, 'server.timeout'],
    ['FST_ERR_REP_INVALID_PAYLOAD_TYPE', 500, 'server.internal'],
    ['FST_ERR_SOMETHING_NEW', 422, 'http.malformed_request'],
  ])('[ER-01] Fastify says %s (%i), we say %s', (code, statusCode, expected) => {
    expect(toAppError(withCode(code, { statusCode })).code).toBe(expected);
  });

  it('[ER-01][V16.3.4] an upload that breaks off is no trouble of the database', () => {
    const aborted = Object.assign(new Error('aborted'), { code: 'ECONNRESET', statusCode: 400 });
    expect(toAppError(aborted).code).toBe('http.malformed_request');
  });

  it.each([
    [new BadRequestException(), 'http.malformed_request'],
    [new UnauthorizedException(), 'auth.required'],
    [new ForbiddenException(), 'access.denied'],
    [new NotFoundException('Cannot GET /etc/passwd'), 'http.not_found'],
    [new ImATeapotException(), 'http.malformed_request'],
    [new HttpException('x', 405), 'http.method_not_allowed'],
    [new HttpException('x', 408), 'http.request_timeout'],
    [new HttpException('x', 412), 'http.malformed_request'],
    [new HttpException('x', 413), 'http.payload_too_large'],
    [new HttpException('x', 416), 'http.malformed_request'],
    [new HttpException('x', 429), 'throttling.limit_exceeded'],
    [new HttpException('x', 431), 'http.headers_too_large'],
    [new HttpException('x', 503), 'server.overloaded'],
    [new HttpException('x', 504), 'server.timeout'],
    [new HttpException('x', 502), 'server.internal'],
    [new InternalServerErrorException(), 'server.internal'],
    [new HttpException('x', 500, { cause: withCode('53100') }), 'database.full'],
    [new HttpException('x', 500, { cause: new AppError('users.not_found') }), 'users.not_found'],
  ])('[ER-01] %s is %s', (exception, expected) => {
    expect(toAppError(exception).code).toBe(expected);
  });

  it.each([undefined, null, 'text', 7, {}, [], { statusCode: 'x' }, new Error('x'), Symbol('x')])(
    '[ER-01][V16.5.4] whatever else is thrown is our fault: %p',
    (thrown) => {
      expect(toAppError(thrown).code).toBe('server.internal');
    },
  );

  it('[V16.5.1] keeps the cause for the log and says nothing of it', () => {
    const cause = withCode('42601');
    const error = toAppError(cause);
    expect(error.context).toEqual({ cause });
    expect(error.message).toBe('server.internal: Something broke on our side');
  });

  it('[ER-01] leaves our own errors as they are', () => {
    const error = new AppError('users.not_found');
    expect(toAppError(error)).toBe(error);
  });
});
