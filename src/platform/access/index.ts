export { Access, StepUp } from './access.decorator.js';
export { AccessGuard, DenialRecorder } from './access.guard.js';
export {
  CALLER_STRATEGIES,
  type CallerStrategy,
  TextCredential,
  usesScheme,
} from './caller-strategy.js';
export { IdentifyGuard } from './identify.guard.js';
export { type Principal, type SignedInPrincipal, usableRights } from './principal.js';
export { demandRecentSignIn } from './recent-sign-in.js';
