import { Module } from '@nestjs/common';

import { KnownDevicesPersonalData } from './known-devices.personal-data.js';
import { KnownDevicesRepository } from './known-devices.repository.js';
import { LockoutRepository } from './lockout.repository.js';
import { LockoutService } from './lockout.service.js';
import { LockoutCleanup } from './lockout-cleanup.js';

@Module({
  providers: [
    LockoutService,
    LockoutRepository,
    KnownDevicesRepository,
    KnownDevicesPersonalData,
    LockoutCleanup,
  ],
  exports: [LockoutService],
})
export class LockoutModule {}
