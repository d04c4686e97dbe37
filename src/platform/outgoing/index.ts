export { Outgoing, type OutgoingAnswer, type OutgoingRequest } from './outgoing.js';
export { OutgoingError, type OutgoingFailure } from './outgoing-error.js';
export { OutgoingModule } from './outgoing.module.js';
