import pg from 'pg';

/** A connection with the rights of the tables' owner, for what the service itself may not do. */
export class OwnerConnection {
  private constructor(private readonly client: pg.Client) {}

  static async with<T>(url: string, work: (owner: OwnerConnection) => Promise<T>): Promise<T> {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'gatehouse-operator',
      connectionTimeoutMillis: 5_000,
    });
    client.on('error', () => undefined); // the statement will tell
    await client.connect();
    try {
      return await work(new OwnerConnection(client));
    } finally {
      await client.end();
    }
  }

  async rows<T>(sql: string, parameters: unknown[] = []): Promise<T[]> {
    return (await this.client.query(sql, parameters)).rows as T[];
  }

  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.client.query('BEGIN');
    try {
      const result = await work();
      await this.client.query('COMMIT');
      return result;
    } catch (error) {
      await this.client.query('ROLLBACK').catch(() => undefined); // the first error tells more
      throw error;
    }
  }
}
