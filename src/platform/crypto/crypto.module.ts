import { type DynamicModule, Global, Module } from '@nestjs/common';

import { Database } from '../database/database.js';
import { KeyRing } from './key-ring.js';
import { MasterKey } from './master-key.js';
import type { Passphrase } from './passphrase.js';

@Global()
@Module({})
export class CryptoModule {
  static with(masterKey: MasterKey | Passphrase): DynamicModule {
    return {
      module: CryptoModule,
      providers: [
        { provide: MasterKey, useValue: masterKey },
        { provide: KeyRing, inject: [Database, MasterKey], useFactory: KeyRing.load },
      ],
      exports: [KeyRing],
    };
  }
}
