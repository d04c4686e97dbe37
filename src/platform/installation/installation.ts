import { Injectable } from '@nestjs/common';

import { ProcessConfig } from '../config/index.js';
import { Metrics } from '../telemetry/metrics.js';
import { packageVersion } from './package-root.js';

/** Which build of the service this is. */
@Injectable()
export class Installation {
  readonly version = packageVersion();
  private readonly startedAt = new Date();

  constructor(
    private readonly config: ProcessConfig,
    metrics: Metrics,
  ) {
    metrics
      .gauge('gatehouse_build_info')
      .set({ version: this.version, commit: config.commit, node: process.version }, 1);
  }

  info(): {
    name: 'gatehouse';
    version: string;
    commit: string;
    node: string;
    startedAt: Date;
    uptimeSeconds: number;
  } {
    return {
      name: 'gatehouse',
      version: this.version,
      commit: this.config.commit,
      node: process.version,
      startedAt: this.startedAt,
      uptimeSeconds: Math.floor(process.uptime()),
    };
  }
}
