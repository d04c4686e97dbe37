import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiConsumes } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';

import { AppError } from '../errors/app-error.js';

interface ReportConfig {
  acceptsReports?: boolean;
}

/** Of the Reporting API, and what browsers without it send to `report-uri`. */
export const reportTypes = ['application/reports+json', 'application/csp-report'];

/** Largest body of reports; a report quotes the whole policy, and several may come together. */
export const maxReportBytes = 65_536;

/** Lets a route take reports of browsers, and nothing else. */
export function AcceptsReports(): MethodDecorator {
  return applyDecorators(
    RouteConfig({ acceptsReports: true } satisfies ReportConfig),
    ApiConsumes(...reportTypes),
  );
}

/**
 * Refuses a report where none is taken, and everything else where reports are, before it is read.
 * @throws AppError `http.unsupported_media_type`
 */
export function checkReport({ headers, routeOptions }: FastifyRequest): void {
  const [type] = headers['content-type']?.split(';', 1) ?? [];
  if (type === undefined) return;
  const { acceptsReports = false } = (routeOptions.config ?? {}) as ReportConfig;
  if (reportTypes.includes(type.trim().toLowerCase()) === acceptsReports) return;
  throw new AppError('http.unsupported_media_type', {
    ...(acceptsReports && { detail: `Send ${reportTypes.join(' or ')}` }),
  });
}
