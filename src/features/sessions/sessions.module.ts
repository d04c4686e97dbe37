import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';

import { Redis } from '../../platform/redis/index.js';
import { EndedSessions } from './ended-sessions.repository.js';
import { PostgresSessions } from './postgres-sessions.repository.js';
import { RedisSessions } from './redis-sessions.repository.js';
import { Session } from './session.entity.js';
import { SessionPersonalData } from './session.personal-data.js';
import { SessionCleanup } from './session-cleanup.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsRepository } from './sessions.repository.js';
import { SessionsService } from './sessions.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Session])],
  controllers: [SessionsController],
  providers: [
    SessionsService,
    SessionCleanup,
    SessionPersonalData,
    PostgresSessions,
    RedisSessions,
    EndedSessions,
    {
      provide: SessionsRepository,
      inject: [Redis, RedisSessions, PostgresSessions],
      useFactory: (redis: Redis, inRedis: RedisSessions, inPostgres: PostgresSessions) =>
        redis.configured ? inRedis : inPostgres,
    },
  ],
  exports: [SessionsService],
})
export class SessionsModule {}
