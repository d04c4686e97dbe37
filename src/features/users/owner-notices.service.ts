import { Injectable } from '@nestjs/common';

import type { MailData, MailName } from '../../catalogue/mails.js';
import { currentContext } from '../../platform/context/request-context.js';
import { Mails } from '../../platform/mail/index.js';
import { UsersRepository } from './users.repository.js';

/** What an owner should hear of, since somebody else may have done it. */
type NoticeName =
  'api_key_changed' | 'new_device' | 'second_factor_changed' | 'session_limit_reached';

/** What a notice says beside who, when and from where. */
type Extra<N extends MailName> = Omit<MailData<N>, 'username' | 'when' | 'address'>;

const whenFormat = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'long',
  timeStyle: 'short',
  timeZone: 'UTC',
});

/** Tells owners what happened to their account (ASVS V6.3.5, V6.3.7). */
@Injectable()
export class OwnerNoticesService {
  constructor(
    private readonly users: UsersRepository,
    private readonly mails: Mails,
  ) {}

  /** In the running transaction: the mail goes out if what it tells has happened. */
  async tell<N extends NoticeName>(userId: string, name: N, extra: Extra<N>): Promise<void> {
    const user = await this.users.byId(userId);
    if (!user) return;
    const facts = {
      username: user.username,
      when: `${whenFormat.format(new Date())} UTC`,
      address: currentContext()?.address ?? 'an unknown address',
    };
    await this.mails.send(name, user.email, { ...facts, ...extra } as unknown as MailData<N>);
  }
}
