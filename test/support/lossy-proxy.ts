import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between the service and PostgreSQL and loses what a network can lose. */
export class LossyProxy {
  private armed = false;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    /** The database, through here. */
    readonly url: string,
  ) {}

  static async before(databaseUrl: string): Promise<LossyProxy> {
    const target = new URL(databaseUrl);
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(databaseUrl);
    url.port = String((server.address() as AddressInfo).port);
    const proxy = new LossyProxy(server, url.href);
    server.on('connection', (client) => proxy.join(client, target));
    return proxy;
  }

  /** The next COMMIT happens, and its connection breaks before the answer. */
  loseNextCommit(): void {
    this.armed = true;
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private join(client: Socket, { hostname, port }: URL): void {
    const database = connect(Number(port), hostname);
    let lost = false;
    for (const socket of [client, database]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('data', (data) => {
      if (this.armed && data.includes('COMMIT')) {
        this.armed = false;
        lost = true;
      }
      database.write(data);
    });
    database.on('data', (data) => void (lost ? client.destroy() : client.write(data)));
    client.on('close', () => database.end());
    database.on('close', () => client.destroy());
  }
}
