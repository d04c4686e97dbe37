import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';

/** What was changed of a policy; null is the catalogue's. */
export interface PolicyChange {
  name: string;
  quota: number | null;
  windowSeconds: number | null;
  algorithm: string | null;
  burst: number | null;
  changedAt: Date;
}

/** All SQL about changed policies. */
@Injectable()
export class LimitPoliciesRepository {
  constructor(private readonly database: Database) {}

  all(): Promise<PolicyChange[]> {
    return this.database.rows(
      `SELECT name, quota, window_seconds AS "windowSeconds", algorithm, burst,
              changed_at AS "changedAt" FROM limit_policies`,
    );
  }

  async put(change: Omit<PolicyChange, 'changedAt'>): Promise<void> {
    const { name, quota, windowSeconds, algorithm, burst } = change;
    await this.database.rows(
      `INSERT INTO limit_policies (name, quota, window_seconds, algorithm, burst)
       VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (name) DO UPDATE
       SET quota = excluded.quota, window_seconds = excluded.window_seconds,
           algorithm = excluded.algorithm, burst = excluded.burst, changed_at = now()`,
      [name, quota, windowSeconds, algorithm, burst],
    );
  }

  async delete(name: string): Promise<void> {
    await this.database.rows('DELETE FROM limit_policies WHERE name = $1', [name]);
  }
}
