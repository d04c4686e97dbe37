import { Module } from '@nestjs/common';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { register } from 'prom-client';

import { MetricsController } from './metrics.controller.js';
import { MetricsServer } from './metrics-server.js';

/** Process metrics are collected once, however many applications a test builds. */
const collected = register.getSingleMetric('process_start_time_seconds') !== undefined;

@Module({
  imports: [
    PrometheusModule.register({
      controller: MetricsController,
      path: '/metrics',
      defaultMetrics: { enabled: !collected },
    }),
  ],
  providers: [MetricsServer],
})
export class MetricsModule {}
