import { Injectable } from '@nestjs/common';

import { tokenPurposes } from '../../catalogue/one-time-tokens.js';
import { ProcessConfig } from '../../platform/config/index.js';
import { MailBounds, Mails } from '../../platform/mail/index.js';
import { OneTimeTokens } from '../../platform/one-time-tokens/index.js';
import type { Contact } from '../users/index.js';

/** Sends the link with which an owner sets a new password. */
@Injectable()
export class ResetLinksService {
  constructor(
    private readonly tokens: OneTimeTokens,
    private readonly mails: Mails,
    private readonly bounds: MailBounds,
    private readonly installation: ProcessConfig,
  ) {}

  /** In the running transaction; none when the address got many lately. */
  async send({ id, email, username }: Pick<Contact, 'id' | 'email' | 'username'>): Promise<void> {
    if (!(await this.bounds.allow('reset_password', email))) return;
    const token = await this.tokens.issue('reset_password', { userId: id, data: { email } });
    const link = `${this.installation.publicUrl}/account#reset:${token}`;
    const data = { username, link, validity: '10 minutes' };
    const until = new Date(Date.now() + tokenPurposes.reset_password.lifeSeconds * 1_000);
    await this.mails.send('reset_password', email, data, { until });
  }
}
