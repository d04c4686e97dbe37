import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';

/** All SQL about what witnesses have signed. */
@Injectable()
export class CosignaturesRepository {
  constructor(private readonly database: Database) {}

  /** Size of the largest checkpoint that a witness has cosigned; 0 when it has none. */
  async lastSize(witness: string): Promise<number> {
    const row = await this.database.row<{ size: string }>(
      'SELECT coalesce(max(size), 0) AS size FROM audit_cosignatures WHERE witness = $1',
      [witness],
    );
    return Number(row!.size);
  }

  async add(size: number, witness: string, line: string): Promise<void> {
    await this.database.rows(
      `INSERT INTO audit_cosignatures (size, witness, line) VALUES ($1, $2, $3)
       ON CONFLICT DO NOTHING`,
      [size, witness, line],
    );
  }
}
