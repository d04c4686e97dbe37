import type { CustomDecorator } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { AppError } from '../errors/app-error.js';

interface DeadlineConfig {
  deadlineMs?: number;
}

/**
 * Gives a route another time to answer than HTTP_HANDLER_TIMEOUT_MS. Milliseconds; more than
 * HTTP_RECEIVE_TIMEOUT_MS beyond it is too much: a connection silent for that long is cut.
 */
export function Deadline(deadlineMs: number): CustomDecorator {
  return RouteConfig({ deadlineMs } satisfies DeadlineConfig) as CustomDecorator;
}

/**
 * Answers 504 when there is no answer in time. Starts once the body has arrived, for which there
 * are limits of their own. (Fastify's `handlerTimeout` ends when the body has been read, and so
 * never fires for a POST.) The work behind it goes on; its result is dropped.
 */
export function armDeadline(request: FastifyRequest, reply: FastifyReply, usualMs: number): void {
  const { deadlineMs = usualMs } = request.routeOptions.config as DeadlineConfig;
  const timer = setTimeout(() => {
    if (!reply.sent) void reply.send(new AppError('server.timeout'));
  }, deadlineMs);
  reply.raw.once('close', () => clearTimeout(timer));
}
