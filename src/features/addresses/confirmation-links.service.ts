import { Injectable } from '@nestjs/common';

import { tokenPurposes } from '../../catalogue/one-time-tokens.js';
import { ProcessConfig } from '../../platform/config/index.js';
import { MailBounds, Mails } from '../../platform/mail/index.js';
import { OneTimeTokens } from '../../platform/one-time-tokens/index.js';
import type { Contact } from '../users/index.js';

/** Sends the link with which the owner of an account confirms its address. */
@Injectable()
export class ConfirmationLinksService {
  constructor(
    private readonly tokens: OneTimeTokens,
    private readonly mails: Mails,
    private readonly bounds: MailBounds,
    private readonly installation: ProcessConfig,
  ) {}

  /** Sends the link, in the running transaction; none when the address got many lately. */
  async send({ id, email, username }: Pick<Contact, 'id' | 'email' | 'username'>): Promise<void> {
    if (!(await this.bounds.allow('confirm_address', email))) return;
    const token = await this.tokens.issue('confirm_address', { userId: id, data: { email } });
    const { lifeSeconds } = tokenPurposes.confirm_address;
    await this.mails.send(
      'confirm_address',
      email,
      {
        username,
        link: `${this.installation.publicUrl}/account#confirm:${token}`,
        validity: '24 hours',
      },
      { until: new Date(Date.now() + lifeSeconds * 1_000) },
    );
  }
}
