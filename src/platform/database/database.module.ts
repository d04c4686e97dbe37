import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DataSourceOptions } from 'typeorm';

import { dependencyLimits } from '../../catalogue/timeouts.js';
import { DatabaseConfig } from '../config/index.js';
import { Overload } from '../load/overload.js';
import { Metrics } from '../telemetry/metrics.js';
import { Database } from './database.js';
import { DatabaseVitals } from './database-vitals.js';
import { measuredDriver } from './measured-driver.js';
import { PoolMetrics } from './pool-metrics.js';

/** How the service reaches its database, known before the application is built. */
export class DatabaseConnection {
  constructor(
    readonly url: string,
    /** Role to take on after connecting, so that the service cannot change tables; see migrations. */
    readonly role: string | null,
  ) {}
}

/** Made before the connection that it is about. */
@Module({ providers: [DatabaseVitals], exports: [DatabaseVitals] })
class VitalsModule {}

@Global()
@Module({})
export class DatabaseModule {
  static with(connection: DatabaseConnection): DynamicModule {
    const connectionProvider = { provide: DatabaseConnection, useValue: connection };
    return {
      module: DatabaseModule,
      imports: [
        VitalsModule,
        TypeOrmModule.forRootAsync({
          imports: [VitalsModule],
          inject: [DatabaseConfig, Metrics, DatabaseVitals, Overload],
          useFactory: (
            config: DatabaseConfig,
            metrics: Metrics,
            vitals: DatabaseVitals,
            overload: Overload,
          ) => ({
            ...dataSourceOptions(connection, config),
            driver: measuredDriver({
              metrics,
              vitals,
              queueMax: config.poolQueueMax,
              refuse: () => overload.refusal('database_pool'),
            }),
            autoLoadEntities: true,
            retryAttempts: 0, // a wrong address should be said at once, not after ten tries
          }),
        }),
      ],
      providers: [Database, PoolMetrics, connectionProvider],
      exports: [Database, VitalsModule, connectionProvider],
    };
  }
}

function dataSourceOptions(
  connection: DatabaseConnection,
  config: DatabaseConfig,
): DataSourceOptions {
  return {
    type: 'postgres',
    url: connection.url,
    applicationName: 'gatehouse',
    synchronize: false,
    installExtensions: false,
    logging: false,
    poolSize: config.poolMax,
    connectTimeoutMS: config.acquireTimeoutMs,
    poolErrorHandler: () => undefined, // an idle connection that breaks is replaced, and counted
    extra: {
      min: config.poolMin,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      statement_timeout: config.queryTimeoutMs,
      // A frozen server enforces nothing: the client's own limit comes a little later.
      query_timeout: config.queryTimeoutMs + 250,
      lock_timeout: Math.min(dependencyLimits.databaseLock.limit, config.queryTimeoutMs),
      idle_in_transaction_session_timeout: dependencyLimits.databaseIdle.limit,
      ...(connection.role && { options: `-c role=${connection.role}` }),
    },
  };
}
