import { createClient, type RedisArgument, RESP_TYPES } from '@redis/client';

/** Strings come as bytes: what we keep there is sealed. */
const bytes = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };

/** More commands than this wait for answers only when something is wrong. */
const mostPending = 10_000;

/** What a command may answer; texts come as bytes. */
export type RedisReply = Buffer | string | number | null | readonly RedisReply[];

type Client = ReturnType<typeof connect>;

/** Redis did not answer in time. */
export class RedisTimeoutError extends Error {
  constructor(ms: number) {
    super(`Redis gave no answer within ${ms} ms`);
  }
}

/**
 * One connection from its first byte to its end; who wants another one makes another. The client
 * library's own reconnecting is off: it cannot be told that a connection which is open and
 * silent is dead, and its time limit for a command ends when the command has been sent.
 */
export class RedisConnection {
  private constructor(
    private readonly client: Client,
    private readonly timeoutMs: number,
  ) {}

  /**
   * @param timeoutMs for the whole handshake (TCP, TLS, sign-in), and then for each command
   * @param lost called once when the connection ends by itself
   */
  static async open(url: string, timeoutMs: number, lost: () => void): Promise<RedisConnection> {
    const client = connect(url, timeoutMs);
    const connection = new RedisConnection(client, timeoutMs);
    client.on('error', () => undefined); // commands fail for themselves; 'terminated' tells the end
    try {
      await connection.within(client.connect());
    } catch (error) {
      connection.close();
      throw error;
    }
    client.once('terminated', lost);
    return connection;
  }

  /** @throws RedisTimeoutError, or what the client or the server says */
  command(args: readonly RedisArgument[]): Promise<RedisReply> {
    return this.within(this.client.sendCommand<RedisReply>(args, bytes));
  }

  close(): void {
    if (this.client.isOpen) this.client.destroy();
  }

  private within<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new RedisTimeoutError(this.timeoutMs)), this.timeoutMs);
      work.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}

function connect(url: string, timeoutMs: number) {
  return createClient({
    url,
    name: 'gatehouse',
    disableOfflineQueue: true,
    commandsQueueMaxLength: mostPending,
    maintNotifications: 'disabled',
    socket: {
      connectTimeout: timeoutMs,
      reconnectStrategy: false,
      ...(url.startsWith('rediss:') && { tls: true, rejectUnauthorized: true }),
    },
  });
}
