import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { problemHeaders, problemOf } from '../errors/problem.js';
import type { EventLoop } from './event-loop.js';
import type { Overload } from './overload.js';

/** For people who want to know what is going on. */
const never = '/api/v1/health';

/**
 * Refuses a share of the requests to the API while the event loop is late: before the body is
 * read, before anybody is identified or counted, and without the filter's log line. After the
 * hooks of CORS, so that a page can read the refusal. Probes and metrics are always answered.
 */
export function shedLoad(fastify: FastifyInstance, eventLoop: EventLoop, overload: Overload): void {
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    if (eventLoop.refuses && isApi(request)) refuse(request, reply, overload);
    else done(null, payload);
  });
}

function isApi({ routeOptions: { url = '' } }: FastifyRequest): boolean {
  return url.startsWith('/api/') && url !== never;
}

function refuse(request: FastifyRequest, reply: FastifyReply, overload: Overload): void {
  const error = overload.refusal('event_loop');
  const path = request.url.split('?', 1)[0] ?? '/';
  void reply
    .status(error.definition.status)
    .headers(problemHeaders(error))
    .send(JSON.stringify(problemOf(error, request.id, path)));
}
