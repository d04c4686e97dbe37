export { OwnPasswordsModule } from './passwords.module.js';
