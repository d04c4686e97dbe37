import { hash } from 'node:crypto';

import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';

import type { AppError } from '../errors/app-error.js';
import { toAppError } from '../errors/to-app-error.js';
import { networkOf } from '../throttling/client-network.js';
import { Idempotency, type KeyedRequest } from './idempotency.js';
import { idempotencyHeader, parseIdempotencyKey } from './idempotency-key.js';
import type { Attempt } from './idempotency.repository.js';
import {
  isFinal,
  type KeptAnswer,
  keptHeaders,
  problemAgain,
  problemAnswer,
  replayed,
} from './kept-answer.js';

export const idempotencyMetadata = 'gatehouse:idempotency';

/**
 * What is kept of the first answer: all of it (sealed), or only that it was done, where it holds
 * a secret that nobody is to see twice.
 */
export type IdempotencyRule = 'answer' | 'outcome';

/** Between the guards, which every repetition passes anew, and the handler. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly idempotency: Idempotency,
    private readonly reflector: Reflector,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const value = request.headers[idempotencyHeader];
    if (value === undefined) return next.handle();
    const key = parseIdempotencyKey(value);
    const rule = this.reflector.get<IdempotencyRule>(idempotencyMetadata, context.getHandler());
    const work = (): Promise<unknown> => lastValueFrom(next.handle(), { defaultValue: undefined });
    return from(this.once(keyedRequest(request, key), http.getResponse(), rule, work));
  }

  private async once(
    keyed: KeyedRequest,
    reply: FastifyReply,
    rule: IdempotencyRule,
    work: () => Promise<unknown>,
  ): Promise<unknown> {
    const begun = await this.idempotency.begin(keyed);
    if ('answer' in begun) return again(begun.answer, reply);
    const { attempt } = begun;
    const { context } = reply.request;
    context.beforeCommit = () => this.idempotency.markDone(attempt);
    try {
      const body = await work();
      await this.idempotency.finish(attempt, rule === 'answer' ? answerOf(reply, body) : null);
      return body;
    } catch (error) {
      await this.failed(attempt, toAppError(error));
      throw error;
    } finally {
      delete context.beforeCommit; // what goes on behind the answer is no part of it
    }
  }

  private async failed(attempt: Attempt, error: AppError): Promise<void> {
    if (isFinal(error)) await this.idempotency.finish(attempt, problemAnswer(error));
    else await this.idempotency.release(attempt);
  }
}

/**
 * A key belongs to a user whatever the session, to an API key, or to the network of a stranger.
 * Who repeats knows the whole request, and gets nothing else.
 */
function keyedRequest(request: FastifyRequest, key: string): KeyedRequest {
  const { principal, address } = request.context;
  const caller = principal
    ? principal.apiKeyId
      ? `api-key:${principal.apiKeyId}`
      : `user:${principal.userId}`
    : `network:${networkOf(address ?? 'gone')}`;
  const body = hash('sha256', request.bodyBytes ?? '', 'hex');
  const content = `${request.method} ${request.url} ${body}`;
  return { caller, userId: principal?.userId ?? null, key, content };
}

function answerOf(reply: FastifyReply, body: unknown): KeptAnswer {
  const headers: Record<string, string> = {};
  for (const name of keptHeaders) {
    const value = reply.getHeader(name);
    if (typeof value === 'string') headers[name] = value;
  }
  return { status: reply.statusCode, headers, ...(body !== undefined && { body }) };
}

/** @throws AppError the first answer, when that was a problem */
function again(answer: KeptAnswer, reply: FastifyReply): unknown {
  if ('problem' in answer) throw problemAgain(answer.problem);
  void reply.status(answer.status).headers({ ...answer.headers, ...replayed });
  return answer.body;
}
