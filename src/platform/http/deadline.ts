import { applyDecorators, SetMetadata } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { type RouteClassName, routeClasses } from '../../catalogue/timeouts.js';
import { AppError } from '../errors/app-error.js';
import { RouteOption } from './route-option.decorator.js';

export const routeClassMetadata = 'gatehouse:route-class';

interface DeadlineConfig {
  routeClass?: RouteClassName;
}

/**
 * Gives a route the time of another class than the usual one. More than HTTP_RECEIVE_TIMEOUT_MS
 * beyond HTTP_HANDLER_TIMEOUT_MS is in vain: a connection silent for that long is cut.
 */
export function Deadline(routeClass: RouteClassName): MethodDecorator {
  return applyDecorators(
    SetMetadata(routeClassMetadata, routeClass),
    RouteOption({ routeClass } satisfies DeadlineConfig),
  );
}

/**
 * Answers 504 when there is no answer in time. Starts once the body has arrived, for which there
 * are limits of their own. (Fastify's `handlerTimeout` ends when the body has been read, and so
 * never fires for a POST.) The work behind it goes on; its result is dropped.
 */
export function armDeadline(request: FastifyRequest, reply: FastifyReply, usualMs: number): void {
  const { routeClass = 'usual' } = request.routeOptions.config as DeadlineConfig;
  const { limit } = routeClasses[routeClass];
  const timer = setTimeout(
    () => {
      if (!reply.sent) void reply.send(new AppError('server.timeout'));
    },
    limit === 'HTTP_HANDLER_TIMEOUT_MS' ? usualMs : limit,
  );
  reply.raw.once('close', () => clearTimeout(timer));
}
