import { randomUUID } from 'node:crypto';

import pg from 'pg';

import { destroySocket } from './measured-driver.js';

export interface ListenerEvents {
  notified(payload: string): void;
  /** Listening: every notification from now on arrives. */
  connected(): void;
  /** Not listening any more: notifications may be lost until `connected` comes again. */
  disconnected(): void;
}

/** How often the connection is tried, and how long it may take to answer. */
const heartbeatMs = 350;
const longestRetryMs = 2_000;
/** Marks what instances say to themselves. */
const echoPrefix = 'echo:';

/** Listens on one PostgreSQL channel over a connection of its own, and reconnects for ever. */
export class Listener {
  connected = false;
  private client?: pg.Client;
  private timer?: NodeJS.Timeout;
  private stopped = false;
  private failures = 0;
  private readonly ownEcho = `${echoPrefix}${randomUUID()}:`;
  private calls = 0;
  private echoed?: string;

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
    client.on('notification', ({ payload = '' }) => {
      if (payload.startsWith(this.ownEcho)) this.echoed = payload;
      else if (!payload.startsWith(echoPrefix)) this.events.notified(payload);
    });
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

  /**
   * A black-holed connection reports nothing by itself, and behind a pooler that changes servers
   * between statements LISTEN is without effect: only hearing one's own call tells.
   */
  private scheduleHeartbeat(client: pg.Client): void {
    this.timer = setTimeout(() => {
      this.callAndHear(client).then(
        (heard) => {
          if (!heard) this.lost(client);
          else if (this.client === client) this.scheduleHeartbeat(client);
        },
        () => this.lost(client),
      );
    }, heartbeatMs).unref();
  }

  /** Our own notification comes before the answer to the statement that sent it. */
  private async callAndHear(client: pg.Client): Promise<boolean> {
    const call = `${this.ownEcho}${this.calls++}`;
    await client.query('SELECT pg_notify($1, $2)', [this.channel, call]);
    return this.echoed === call;
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
