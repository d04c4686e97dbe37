import { Global, Module } from '@nestjs/common';

import { BreachedPasswords } from './breached-passwords.js';
import { PasswordHasher } from './password-hasher.js';
import { PasswordPolicy } from './password-policy.service.js';

@Global()
@Module({
  providers: [PasswordHasher, PasswordPolicy, BreachedPasswords],
  exports: [PasswordHasher, PasswordPolicy],
})
export class PasswordsModule {}
