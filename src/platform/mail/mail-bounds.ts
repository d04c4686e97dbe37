import { Injectable, type OnModuleInit } from '@nestjs/common';

import { type BoundedMail, mails } from '../../catalogue/mails.js';
import { KeyRing } from '../crypto/index.js';
import { Queue } from '../queue/index.js';
import { Metrics } from '../telemetry/metrics.js';
import { MailBoundsRepository } from './mail-bounds.repository.js';

/**
 * Keeps what anybody can cause from filling a mailbox (ASVS V2.4.1). Asked before a link is made:
 * a stranger who uses the bound up must not end the link that was sent before.
 */
@Injectable()
export class MailBounds implements OnModuleInit {
  constructor(
    private readonly bounds: MailBoundsRepository,
    private readonly keyRing: KeyRing,
    private readonly queue: Queue,
    private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    this.queue.handle('mail.clean_up', () => this.bounds.deleteOver());
  }

  /** Uses up one mail of a kind to an address, in the running transaction; false when none is left. */
  async allow(name: BoundedMail, to: string): Promise<boolean> {
    const recipient = this.keyRing.mac('jobs', JSON.stringify([name, mailboxOf(to)]));
    if (await this.bounds.use(recipient, mails[name].perHour)) return true;
    this.metrics.counter('mails_total').inc({ mail: name, outcome: 'too_many' });
    return false;
  }
}

/** `ada+shop@example.com` is, at most providers, the mailbox of `ada@example.com` (RFC 5233). */
function mailboxOf(address: string): string {
  return address.toLowerCase().replace(/\+[^@]*@/, '@');
}
