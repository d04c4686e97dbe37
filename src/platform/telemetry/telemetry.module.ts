import { type DynamicModule, Global, Module } from '@nestjs/common';

import { Metrics } from './metrics.js';

@Global()
@Module({})
export class TelemetryModule {
  static with(metrics: Metrics): DynamicModule {
    const providers = [{ provide: Metrics, useValue: metrics }];
    return { module: TelemetryModule, providers, exports: providers };
  }
}
