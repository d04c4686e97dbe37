import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';

import { problemHeaders, problemOf } from '../errors/problem.js';
import { toAppError } from '../errors/to-app-error.js';
import type { securityHeaders } from './security-headers.js';

/**
 * Answers what Fastify's router refuses before any hook runs. `originForm` leaves it nothing to
 * refuse; should a new version find something, the answer is still one of ours.
 */
export function answerFrameworkError(headers: typeof securityHeaders) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = toAppError(error);
    const path = request.url.split('?', 1)[0] ?? '/';
    void reply
      .status(problem.definition.status)
      .headers(headers.api)
      .headers(problemHeaders(problem))
      .header('x-request-id', request.id)
      .send(JSON.stringify(problemOf(problem, request.id, path)));
  };
}
