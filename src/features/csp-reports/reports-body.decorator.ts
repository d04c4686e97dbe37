import { applyDecorators, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiBody } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';

import { AcceptsReports } from '../../platform/http/report-body.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';

/** The body as browsers send it. No DTO describes it: browsers may add what they like. */
export const ReportsBody = createParamDecorator(
  (_data: unknown, context: ExecutionContext): unknown =>
    context.switchToHttp().getRequest<FastifyRequest>().body,
);

const report = { type: 'object', maxProperties: 50, additionalProperties: true } as const;

/** A route that takes reports, and few of them. */
export function ReportsRoute(): MethodDecorator {
  return applyDecorators(
    AcceptsReports(),
    Limit('csp-reports'),
    ApiBody({
      required: true,
      description: 'A list of reports (Reporting API), or one `csp-report`.',
      schema: {
        oneOf: [{ type: 'array', maxItems: 100, items: report }, report],
      },
    }),
  );
}
