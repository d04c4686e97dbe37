import { Injectable } from '@nestjs/common';

import { Database } from '../database/database.js';

/** All SQL about how many mails an address gets. Times are the database's. */
@Injectable()
export class MailBoundsRepository {
  constructor(private readonly database: Database) {}

  /**
   * Uses up one of `perHour`: each counts for its share of an hour, and an hour is all there is. Of
   * many at once each waits for the one before. False when nothing is left.
   */
  async use(recipient: Buffer, perHour: number): Promise<boolean> {
    const row = await this.database.row(
      `INSERT INTO mail_bounds AS b (recipient, used_until) VALUES ($1, now() + $2::interval)
       ON CONFLICT (recipient) DO UPDATE SET used_until = greatest(b.used_until, now()) + $2::interval
       WHERE greatest(b.used_until, now()) + $2::interval <= now() + interval '1 hour 1 second'
       RETURNING 1`,
      [recipient, `${3_600 / perHour} seconds`],
    );
    return row !== undefined;
  }

  async deleteOver(): Promise<void> {
    await this.database.rows('DELETE FROM mail_bounds WHERE used_until <= now()');
  }
}
