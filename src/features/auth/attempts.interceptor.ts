import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  SetMetadata,
  UseInterceptors,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type Observable, tap } from 'rxjs';

import { toAppError } from '../../platform/errors/to-app-error.js';
import { Metrics } from '../../platform/telemetry/metrics.js';

const attemptMetadata = 'gatehouse:auth-attempt';

/** Counts the outcomes of a route in `auth_attempts_total`. */
@Injectable()
export class AttemptsInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly metrics: Metrics,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const type = this.reflector.get<string>(attemptMetadata, context.getHandler());
    const count = (status: string): void =>
      this.metrics.counter('auth_attempts_total').inc({ status, type });
    return next.handle().pipe(
      tap({
        next: () => count('success'),
        error: (error) => count(toAppError(error).definition.status < 500 ? 'failure' : 'error'),
      }),
    );
  }
}

/** Marks a route that takes a credential or makes an account. */
export function Attempt(
  type: 'register' | 'login' | 'second_factor' | 'step_up' | 'refresh' | 'setup',
): MethodDecorator {
  return applyDecorators(SetMetadata(attemptMetadata, type), UseInterceptors(AttemptsInterceptor));
}
