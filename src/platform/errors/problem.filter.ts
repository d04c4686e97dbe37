import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { AllowedMethods } from '../http/allowed-methods.js';
import { RateLimiter } from '../throttling/rate-limiter.js';
import { AppError } from './app-error.js';
import { problemHeaders, problemOf } from './problem.js';
import { toAppError } from './to-app-error.js';

/** The one place where a failure becomes an answer: logs its cause, sends the problem. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Problem');

  constructor(
    private readonly limiter: RateLimiter,
    private readonly allowedMethods: AllowedMethods,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    let error = toAppError(thrown);
    if (error.code === 'http.not_found') error = this.notAllowed(request) ?? error;
    // Failures before the guards (no such route, unreadable body) are counted here.
    error = this.limiter.countUnguarded(request, reply) ?? error;
    this.log(error);
    if (reply.sent || reply.raw.headersSent) return;
    const path = request.url.split('?', 1)[0] ?? '/';
    void reply
      .status(error.definition.status)
      .headers(problemHeaders(error))
      .send(JSON.stringify(problemOf(error, request.id, path)));
  }

  private notAllowed(request: FastifyRequest): AppError | undefined {
    const methods = this.allowedMethods.of(request.url);
    // A route that takes the method has no such thing itself, e.g. a file of the documentation.
    if (methods.length === 0 || methods.includes(request.method)) return undefined;
    return new AppError('http.method_not_allowed', { headers: { allow: methods.join(', ') } });
  }

  private log(error: AppError): void {
    const { log } = error.definition;
    if (log === 'silent') return;
    const fields = { code: error.code, err: log === 'info' ? undefined : (error.cause ?? error) };
    if (log === 'error') this.logger.error(fields, error.definition.title);
    else if (log === 'warn') this.logger.warn(fields, error.definition.title);
    else this.logger.log(fields, error.definition.title);
  }
}
