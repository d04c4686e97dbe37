import { Module } from '@nestjs/common';

import { LockoutModule } from '../lockout/index.js';
import { SessionsModule } from '../sessions/index.js';
import { UsersModule } from '../users/index.js';
import { MfaController } from './mfa.controller.js';
import { MfaPersonalData } from './mfa.personal-data.js';
import { MfaRepository } from './mfa.repository.js';
import { MfaService } from './mfa.service.js';
import { MfaChallengesRepository } from './mfa-challenges.repository.js';
import { MfaChallengesService } from './mfa-challenges.service.js';
import { SecondFactorService } from './second-factor.service.js';

@Module({
  imports: [LockoutModule, SessionsModule, UsersModule],
  controllers: [MfaController],
  providers: [
    MfaService,
    SecondFactorService,
    MfaChallengesService,
    MfaPersonalData,
    MfaRepository,
    MfaChallengesRepository,
  ],
  exports: [MfaService, SecondFactorService, MfaChallengesService],
})
export class MfaModule {}
