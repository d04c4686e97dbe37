import { type DynamicModule, Global, Module } from '@nestjs/common';

import { concerns } from './concerns.js';
import { Config } from './load-config.js';

/** Offers each concern under its own class: a constructor asks for `HttpConfig` and gets it. */
@Global()
@Module({})
export class ConfigModule {
  static with(config: Config): DynamicModule {
    const providers = [
      { provide: Config, useValue: config },
      ...concerns.map((concern) => ({ provide: concern, useValue: config.get<object>(concern) })),
    ];
    return { module: ConfigModule, providers, exports: providers };
  }
}
