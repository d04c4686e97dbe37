export { MailBounds } from './mail-bounds.js';
export { MailModule } from './mail.module.js';
export { Mails } from './mails.js';
