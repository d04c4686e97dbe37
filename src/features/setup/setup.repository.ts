import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';

/** All SQL of the setup feature. */
@Injectable()
export class SetupRepository {
  constructor(private readonly database: Database) {}

  async addLink(tokenHash: Buffer, lifeSeconds: number): Promise<void> {
    await this.database.rows(
      `INSERT INTO setup_links (token_hash, expires_at)
       VALUES ($1, now() + make_interval(secs => $2))`,
      [tokenHash, lifeSeconds],
    );
  }

  async has(tokenHash: Buffer): Promise<boolean> {
    const row = await this.database.row(
      'SELECT 1 FROM setup_links WHERE token_hash = $1 AND expires_at > now()',
      [tokenHash],
    );
    return row !== undefined;
  }

  /** Takes a link that is still good; of two at once one gets it. */
  async spendLink(tokenHash: Buffer): Promise<boolean> {
    const row = await this.database.row(
      'DELETE FROM setup_links WHERE token_hash = $1 AND expires_at > now() RETURNING token_hash',
      [tokenHash],
    );
    return row !== undefined;
  }

  async deleteLinks(): Promise<void> {
    await this.database.rows('DELETE FROM setup_links');
  }
}
