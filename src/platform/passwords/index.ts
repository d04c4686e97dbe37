export { PasswordHasher, type Verification } from './password-hasher.js';
export { maxLength, minLength, passwordWeakness } from './password-policy.js';
export { PasswordsModule } from './passwords.module.js';
