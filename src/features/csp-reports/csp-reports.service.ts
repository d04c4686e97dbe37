import { Injectable, Logger } from '@nestjs/common';

import { PerimeterConfig, ProcessConfig } from '../../platform/config/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { Metrics } from '../../platform/telemetry/metrics.js';
import { readReports } from './csp-report.js';

/** Tells operators which of their pages load what the policies do not allow. */
@Injectable()
export class CspReportsService {
  private readonly logger = new Logger('CspReports');
  private readonly origin: string;

  constructor(
    private readonly perimeter: PerimeterConfig,
    private readonly metrics: Metrics,
    process: ProcessConfig,
  ) {
    this.origin = new URL(process.publicUrl).origin;
  }

  /**
   * Counts and logs what a browser reports.
   * @throws AppError `http.not_found` when CSP_REPORTS is off
   */
  record(body: unknown): void {
    if (this.perimeter.cspReports === 'off') throw new AppError('http.not_found');
    for (const violation of readReports(body, this.origin)) {
      const { surface, directive, blocked } = violation;
      this.metrics.counter('csp_reports_total').inc({ surface, directive, blocked });
      this.logger.log(violation, 'A Content-Security-Policy was violated');
    }
  }
}
