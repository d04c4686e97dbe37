import { Global, Module } from '@nestjs/common';

import { MailTemplates } from './mail-templates.js';
import { Mails } from './mails.js';

/** Global, because any feature may have something to tell. */
@Global()
@Module({ providers: [Mails, MailTemplates], exports: [Mails] })
export class MailModule {}
