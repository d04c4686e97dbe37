export { MfaModule } from './mfa.module.js';
export { MfaService } from './mfa.service.js';
export { MfaChallengesService } from './mfa-challenges.service.js';
export { type ProvenCode, SecondFactorService } from './second-factor.service.js';
