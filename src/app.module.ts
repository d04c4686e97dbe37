import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import type { Logger } from 'pino';

import { ApiKeysModule, ApiKeyStrategy } from './features/api-keys/index.js';
import { AddressesModule } from './features/addresses/index.js';
import { AuditIngestionModule } from './features/audit-ingestion/index.js';
import { AuditModule } from './features/audit/index.js';
import { AuditKeepingModule } from './features/audit-keeping/index.js';
import { AuditLogModule } from './features/audit-log/index.js';
import { AuditSearchModule } from './features/audit-search/index.js';
import { AuditWitnessesModule } from './features/audit-witnesses/index.js';
import { AuditSummaryModule } from './features/audit-summary/index.js';
import { AuthModule, BearerStrategy, CookieStrategy } from './features/auth/index.js';
import { BlocksModule } from './features/blocks/index.js';
import { BrowserGuard, BrowserModule } from './features/browser/index.js';
import { CspReportsModule } from './features/csp-reports/index.js';
import { DemoModule } from './features/demo/index.js';
import { DocsModule } from './features/docs/index.js';
import { FilesModule } from './features/files/index.js';
import { HealthModule } from './features/health/index.js';
import { IntrospectionModule } from './features/introspection/index.js';
import { InvitationsModule } from './features/invitations/index.js';
import { LimitUsageModule } from './features/limit-usage/index.js';
import { MetricsModule } from './features/metrics/index.js';
import { PersonalDataModule } from './features/personal-data/index.js';
import { MfaModule } from './features/mfa/index.js';
import { AccountPagesModule } from './features/pages/index.js';
import { OwnPasswordsModule } from './features/passwords/index.js';
import { RateLimitsModule } from './features/rate-limits/index.js';
import { RegistrationModule } from './features/registration/index.js';
import { RolesModule } from './features/roles/index.js';
import { SessionsModule } from './features/sessions/index.js';
import { SetupModule } from './features/setup/index.js';
import { TokensModule } from './features/tokens/index.js';
import { UsersModule } from './features/users/index.js';
import {
  AccessGuard,
  CALLER_STRATEGIES,
  type CallerStrategy,
  IdentifyGuard,
} from './platform/access/index.js';
import { CacheModule } from './platform/cache/index.js';
import { type Config, ConfigModule } from './platform/config/index.js';
import { CryptoModule, type MasterKey, type Passphrase } from './platform/crypto/index.js';
import { type DatabaseConnection, DatabaseModule } from './platform/database/index.js';
import { ProblemFilter } from './platform/errors/problem.filter.js';
import { FileInspectionModule } from './platform/file-inspection/index.js';
import { FileStorageModule } from './platform/file-storage/index.js';
import { HttpModule } from './platform/http/http.module.js';
import { StrictValidationPipe } from './platform/http/validation.pipe.js';
import { IdempotencyModule } from './platform/idempotency/index.js';
import { InstallationModule } from './platform/installation/installation.module.js';
import { LoadModule } from './platform/load/index.js';
import { LoggingModule } from './platform/logging/logging.module.js';
import { MailModule } from './platform/mail/index.js';
import { OneTimeTokensModule } from './platform/one-time-tokens/index.js';
import { OutgoingModule } from './platform/outgoing/index.js';
import { PasswordsModule } from './platform/passwords/index.js';
import { QueueModule } from './platform/queue/index.js';
import type { Metrics } from './platform/telemetry/metrics.js';
import { RedisModule } from './platform/redis/index.js';
import { TelemetryModule } from './platform/telemetry/telemetry.module.js';
import { ThrottleGuard } from './platform/throttling/throttle.guard.js';
import { ThrottlingModule } from './platform/throttling/throttling.module.js';
import { VirusScannerModule } from './platform/virus-scanner/index.js';

/** What must be known before the application can be built. */
export interface Parts {
  config: Config;
  connection: DatabaseConnection;
  masterKey: MasterKey | Passphrase;
  metrics: Metrics;
  logger: Logger;
}

/** Add your feature modules here. */
const features = [
  AuditModule,
  AuditKeepingModule,
  AuditLogModule,
  AuditIngestionModule,
  AuditSearchModule,
  AuditWitnessesModule,
  AuditSummaryModule,
  RegistrationModule,
  RolesModule,
  SessionsModule,
  UsersModule,
  TokensModule,
  AuthModule,
  MfaModule,
  ApiKeysModule,
  BrowserModule,
  IntrospectionModule,
  AddressesModule,
  InvitationsModule,
  OwnPasswordsModule,
  AccountPagesModule,
  CspReportsModule,
  SetupModule,
  FilesModule,
  PersonalDataModule,
  RateLimitsModule,
  BlocksModule,
  LimitUsageModule,
  HealthModule,
  MetricsModule,
  DocsModule,
];

/** Ways to prove who is calling. A request may use one of them. */
const callerStrategies = [BearerStrategy, ApiKeyStrategy, CookieStrategy];

/** Composition root: platform, features, and the guards in the order in which they run. */
@Module({})
export class AppModule {
  static with(parts: Parts, extraFeatures: DynamicModule['imports'] = []): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(parts.config),
        TelemetryModule.with(parts.metrics),
        LoggingModule.with(parts.logger),
        LoadModule,
        DatabaseModule.with(parts.connection),
        CryptoModule.with(parts.masterKey),
        RedisModule,
        InstallationModule,
        CacheModule,
        OutgoingModule,
        QueueModule,
        IdempotencyModule,
        OneTimeTokensModule,
        MailModule,
        PasswordsModule,
        FileStorageModule,
        FileInspectionModule,
        VirusScannerModule,
        HttpModule,
        ThrottlingModule,
        ...features,
        ...(parts.config.production ? [] : [DemoModule]),
        ...extraFeatures,
      ],
      providers: [
        {
          provide: CALLER_STRATEGIES,
          inject: callerStrategies,
          useFactory: (...strategies: CallerStrategy[]) => strategies,
        },
        { provide: APP_GUARD, useClass: IdentifyGuard }, // who is calling?
        { provide: APP_GUARD, useClass: ThrottleGuard }, // how often?
        { provide: APP_GUARD, useClass: BrowserGuard }, // with cookies: did they mean it?
        { provide: APP_GUARD, useClass: AccessGuard }, // may they?
        { provide: APP_PIPE, useClass: StrictValidationPipe },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
