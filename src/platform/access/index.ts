export { Access } from './access.decorator.js';
export { AccessGuard, DenialRecorder } from './access.guard.js';
export { bearerStrategy, IdentifyGuard } from './identify.guard.js';
export type { Principal } from './principal.js';
