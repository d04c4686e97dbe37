export { PasswordHasher, type Verification } from './password-hasher.js';
export { minLength, minLengthWithSecondFactor, needsSecondFactor } from './password-policy.js';
export { PasswordPolicy, type PasswordUse } from './password-policy.service.js';
export { PasswordsModule } from './passwords.module.js';
