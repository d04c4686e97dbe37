export { LockoutModule } from './lockout.module.js';
export { type Attempt, LockoutService, type Standing } from './lockout.service.js';
