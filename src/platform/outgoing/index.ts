export { Outgoing, OutgoingError } from './outgoing.js';
export { OutgoingModule } from './outgoing.module.js';
