export { SessionsModule } from './sessions.module.js';
export { type OpenedSession, SessionsService, sessionTag } from './sessions.service.js';
export type { LiveSession } from './sessions.repository.js';
