import { Global, Module } from '@nestjs/common';

import { MailBounds } from './mail-bounds.js';
import { MailBoundsRepository } from './mail-bounds.repository.js';
import { MailTemplates } from './mail-templates.js';
import { Mails } from './mails.js';

/** Global, because any feature may have something to tell. */
@Global()
@Module({
  providers: [Mails, MailTemplates, MailBounds, MailBoundsRepository],
  exports: [Mails, MailBounds],
})
export class MailModule {}
