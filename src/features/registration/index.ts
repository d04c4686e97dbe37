export { NewAccountRequest } from './registration.dto.js';
export { RegistrationModule } from './registration.module.js';
