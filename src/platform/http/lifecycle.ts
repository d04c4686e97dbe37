import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

import { type RequestContext, runInContext } from '../context/request-context.js';
import { idempotencyHeader } from '../idempotency/idempotency-key.js';
import { tagAnswer } from '../preconditions/index.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { AllowedMethods } from './allowed-methods.js';
import type { ClearText } from './clear-text.js';
import { clientAddress } from './client-address.js';
import { answerNodeEvents } from './client-error.js';
import { armDeadline } from './deadline.js';
import type { Drain } from './drain.js';
import { checkForm, formType, parseForm } from './form.js';
import { checkParameters, checkRequest } from './hygiene.js';
import { checkReport, maxReportBytes, reportTypes } from './report-body.js';
import { type securityHeaders, surfaceOf } from './security-headers.js';
import { parseStrictJson } from './strict-json.js';
import { parseUpload, uploadType } from './upload.js';

declare module 'fastify' {
  interface FastifyRequest {
    context: RequestContext;
    /** The body as it came, when an idempotency key speaks of it. */
    bodyBytes?: Buffer;
  }
}

export interface LifecycleParts {
  logger: Logger;
  metrics: Metrics;
  drain: Drain;
  /** Security headers by surface. */
  headers: typeof securityHeaders;
  clearText: ClearText;
}

/** What nginx calls a request whose client did not wait for the answer. */
const clientGone = 499;

/** The first hook, before any of the framework: headers of the answer, context, hygiene. */
export function beginRequest(
  parts: LifecycleParts,
  request: FastifyRequest,
  reply: FastifyReply,
  done: (error?: Error) => void,
): void {
  parts.metrics.gauge('http_requests_in_progress').inc();
  // Comes once, also when the client hangs up before the answer; Fastify's onResponse does not.
  reply.raw.once('close', () => recordRequest(request, reply, parts));
  void reply.headers(parts.headers[surfaceOf(request.url)]);
  void reply.header('x-request-id', request.id);
  if (parts.drain.active) void reply.header('connection', 'close');
  request.context = contextOf(request);
  runInContext(request.context, () => {
    let problem: Error | undefined;
    let elsewhere: string | undefined;
    try {
      checkRequest(request.raw);
      checkParameters(request.query, request.params);
      elsewhere = parts.clearText.redirectOf(request);
    } catch (error) {
      problem = error as Error;
    }
    if (elsewhere === undefined) done(problem);
    else redirectToHttps(reply, elsewhere);
  });
}

/** Browsers ignore what an answer in the clear says of https (RFC 6797, sections 7.2 and 8.1). */
function redirectToHttps(reply: FastifyReply, location: string): void {
  void reply
    .removeHeader('strict-transport-security')
    .header('cache-control', 'no-store')
    .redirect(location, 308);
}

/** The hooks after the first: body, context again, and headers that others have set. */
export function registerLifecycle(
  fastify: FastifyInstance,
  allowedMethods: AllowedMethods,
  deadlineMs: number,
  headers: LifecycleParts['headers'],
): void {
  fastify.decorateRequest('context');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, parseBody);
  const reports = { parseAs: 'buffer', bodyLimit: maxReportBytes } as const;
  fastify.addContentTypeParser(reportTypes, reports, parseBody);
  fastify.addContentTypeParser(formType, { parseAs: 'buffer' }, parseFormBody);
  fastify.addContentTypeParser(uploadType, parseUpload);
  answerNodeEvents(fastify.server, headers);
  fastify.addHook('preParsing', (request, _reply, payload, done) => {
    try {
      checkForm(request);
      checkReport(request);
      done(null, payload);
    } catch (error) {
      done(error as Error);
    }
  });
  fastify.addHook('onRoute', (route) => allowedMethods.learn(route.method, route.url));
  // The body arrives in socket events, which run outside the context: enter it again.
  fastify.addHook('preValidation', (request, reply, done) =>
    runInContext(request.context, () => {
      armDeadline(request, reply, deadlineMs);
      done();
    }),
  );
  fastify.addHook('onSend', (request, reply, payload, done) => {
    nameCharset(reply);
    done(null, tagAnswer(request, reply, payload));
  });
}

/** Swagger's pages come without one (ASVS V4.1.1). */
function nameCharset(reply: FastifyReply): void {
  const type = reply.getHeader('content-type');
  if (typeof type === 'string' && /^(text\/\w+|application\/javascript)$/.test(type)) {
    void reply.header('content-type', `${type}; charset=utf-8`);
  }
}

function parseBody(
  request: FastifyRequest,
  body: Buffer,
  done: (error: Error | null, value?: unknown) => void,
): void {
  if (request.headers[idempotencyHeader] !== undefined) request.bodyBytes = body;
  try {
    done(null, body.length === 0 ? undefined : parseStrictJson(body));
  } catch (error) {
    done(error as Error);
  }
}

function parseFormBody(
  _request: FastifyRequest,
  body: Buffer,
  done: (error: Error | null, value?: unknown) => void,
): void {
  try {
    done(null, parseForm(body));
  } catch (error) {
    done(error as Error);
  }
}

function contextOf(request: FastifyRequest): RequestContext {
  const context: RequestContext = {
    origin: 'http',
    requestId: request.id,
    address: clientAddress(request),
    userAgent: request.headers['user-agent']?.slice(0, 256) ?? null,
  };
  const ifMatch = request.headers['if-match'];
  if (ifMatch !== undefined) context.ifMatch = ifMatch;
  return context;
}

function recordRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  { metrics, logger }: LifecycleParts,
): void {
  metrics.gauge('http_requests_in_progress').dec();
  const route = request.routeOptions.url ?? 'unknown';
  const status = reply.raw.writableFinished ? reply.statusCode : clientGone;
  const labels = { method: request.method, route, status: String(status) };
  metrics.histogram('http_request_duration_seconds').observe(labels, reply.elapsedTime / 1000);
  metrics.counter('http_requests_total').inc(labels);
  const level = route.startsWith('/health') || route === '/metrics' ? 'debug' : 'info';
  if (!logger.isLevelEnabled(level)) return;
  logger[level](
    {
      requestId: request.id,
      method: request.method,
      route,
      status,
      durationMs: Math.round(reply.elapsedTime * 1000) / 1000,
      address: request.context?.address,
      userId: request.context?.principal?.userId,
      apiKeyId: request.context?.principal?.apiKeyId,
    },
    'request',
  );
}
