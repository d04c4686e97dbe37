import { Controller, HttpCode, Post } from '@nestjs/common';

import { Access } from '../../platform/access/index.js';
import { CspReportsService } from './csp-reports.service.js';
import { ReportsBody, ReportsRoute } from './reports-body.decorator.js';

@Controller('csp-reports')
export class CspReportsController {
  constructor(private readonly reports: CspReportsService) {}

  /**
   * Report a violation of a Content-Security-Policy. Browsers do, when `CSP_REPORTS` is on; nothing
   * is kept but what was blocked on which surface.
   * @throws {404} http.not_found
   */
  @Post()
  @HttpCode(204)
  @Access.public()
  @ReportsRoute()
  report(@ReportsBody() body: unknown): void {
    this.reports.record(body);
  }
}
