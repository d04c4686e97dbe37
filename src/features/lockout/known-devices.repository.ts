import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';

/** Devices that users signed in from. */
@Injectable()
export class KnownDevicesRepository {
  constructor(private readonly database: Database) {}

  /** False when it was known, also when a parallel sign-in made it known just now. */
  async add(userId: string, device: Buffer): Promise<boolean> {
    const row = await this.database.row(
      `INSERT INTO known_devices (user_id, device) VALUES ($1, $2)
       ON CONFLICT DO NOTHING RETURNING 1`,
      [userId, device],
    );
    return row !== undefined;
  }

  of(userId: string): Promise<{ firstSeenAt: Date; lastSeenAt: Date }[]> {
    return this.database.rows(
      `SELECT first_seen_at AS "firstSeenAt", last_seen_at AS "lastSeenAt"
       FROM known_devices WHERE user_id = $1 ORDER BY first_seen_at`,
      [userId],
    );
  }

  async seen(userId: string, device: Buffer): Promise<void> {
    await this.database.rows(
      'UPDATE known_devices SET last_seen_at = now() WHERE user_id = $1 AND device = $2',
      [userId, device],
    );
  }

  /** Forgets the devices of a user that were not seen for longest. */
  async keepNewest(userId: string, number: number): Promise<void> {
    await this.database.rows(
      `DELETE FROM known_devices WHERE user_id = $1 AND device IN (
         SELECT device FROM known_devices WHERE user_id = $1
         ORDER BY last_seen_at DESC, device OFFSET $2)`,
      [userId, number],
    );
  }

  /** Forgets devices not seen for so long, some at a time; gives the number. */
  async deleteUnseen(seconds: number, batch: number): Promise<number> {
    const rows = await this.database.rows(
      `DELETE FROM known_devices WHERE (user_id, device) IN (
         SELECT user_id, device FROM known_devices
         WHERE last_seen_at < now() - make_interval(secs => $1)
         LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING 1`,
      [seconds, batch],
    );
    return rows.length;
  }
}
