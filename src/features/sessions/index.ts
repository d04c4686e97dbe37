export { deviceName } from './device-name.js';
export { SessionsModule } from './sessions.module.js';
export { type OpenedSession, SessionsService } from './sessions.service.js';
export { type LiveSession, sessionTag } from './sessions.repository.js';
