import pg from 'pg';

import { destroySocket } from './measured-driver.js';

export interface ListenerEvents {
  notified(payload: string): void;
  /** Listening: every notification from now on arrives. */
  connected(): void;
  /** Not listening any more: notifications may be lost until `connected` comes again. */
  disconnected(): void;
}

/** How often the connection is asked for a sign of life, and how long it may take to answer. */
const heartbeatMs = 350;
const longestRetryMs = 2_000;

/** Listens on one PostgreSQL channel over a connection of its own, and reconnects for ever. */
export class Listener {
  connected = false;
  private client?: pg.Client;
  private timer?: NodeJS.Timeout;
  private stopped = false;
  private failures = 0;

  constructor(
    private readonly url: string,
    private readonly channel: string,
    private readonly events: ListenerEvents,
  ) {}

  start(): void {
    void this.connect();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const { client } = this;
    this.client = undefined;
    await client?.end().catch(() => undefined);
  }

  private async connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.url,
      application_name: 'gatehouse-listener',
      connectionTimeoutMillis: 2_000,
      query_timeout: heartbeatMs,
      keepAlive: true,
    });
    this.client = client;
    client.on('error', () => this.lost(client));
    client.on('end', () => this.lost(client));
    client.on('notification', ({ payload }) => this.events.notified(payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${pg.escapeIdentifier(this.channel)}`);
      if (this.client !== client) return;
      this.failures = 0;
      this.connected = true;
      this.events.connected();
      this.scheduleHeartbeat(client);
    } catch {
      this.lost(client);
    }
  }

  /** A black-holed connection reports nothing by itself; only asking tells. */
  private scheduleHeartbeat(client: pg.Client): void {
    this.timer = setTimeout(() => {
      client.query('SELECT 1').then(
        () => this.client === client && this.scheduleHeartbeat(client),
        () => this.lost(client),
      );
    }, heartbeatMs).unref();
  }

  private lost(client: pg.Client): void {
    if (this.client !== client) return;
    this.client = undefined;
    clearTimeout(this.timer);
    if (this.connected) {
      this.connected = false;
      this.events.disconnected();
    }
    destroySocket(client);
    if (this.stopped) return;
    const wait = Math.min(100 * 2 ** this.failures++, longestRetryMs);
    this.timer = setTimeout(() => void this.connect(), wait).unref();
  }
}
