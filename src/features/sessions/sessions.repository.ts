/** Cache tag of everything that depends on one session. */
export const sessionTag = (id: string): string => `session:${id}`;

export interface NewSession {
  id: string;
  userId: string;
  familyHash: Buffer;
  secretHash: Buffer;
  address: string | null;
  userAgent: string | null;
  idleSeconds: number;
  totalSeconds: number;
}

export interface Rotation {
  familyHash: Buffer;
  secretHash: Buffer;
  newSecretHash: Buffer;
  successorSealed: Buffer;
  idleSeconds: number;
  address: string | null;
}

export interface LiveSession {
  id: string;
  userId: string;
  /** How often the refresh token was rotated. */
  generation: number;
  createdAt: Date;
  expiresAt: Date;
}

export interface ListedSession extends LiveSession {
  userAgent: string | null;
  address: string | null;
  /** Last sign-in or refresh. */
  lastUsedAt: Date;
}

export interface RotatedSession extends LiveSession {
  previousHash: Buffer | null;
  successorSealed: Buffer | null;
  /** Whether it was rotated within the grace. */
  recent: boolean;
}

/**
 * Where sessions live: in Redis when it is configured, else in PostgreSQL. Times are the store's,
 * which all instances share. Every method runs in the transaction of its caller; of a store that
 * cannot take part in it, a failure may leave a session ended, never one alive that was ended.
 */
export abstract class SessionsRepository {
  /** Opens a session and ends the oldest others of its user beyond `keep`; gives their ids. */
  abstract open(
    session: NewSession,
    keep: number,
  ): Promise<{ session: LiveSession; ended: string[] }>;

  /** The session, if it is good now. */
  abstract live(id: string): Promise<LiveSession | undefined>;

  /** A user's sessions that are good now, newest first. */
  abstract liveOf(userId: string): Promise<ListedSession[]>;

  /** Spends the current secret and puts the next in its place; one of many parallel tries wins. */
  abstract rotate(rotation: Rotation): Promise<LiveSession | undefined>;

  /** The live session of a family, and whether it was rotated within the last `graceSeconds`. */
  abstract byFamily(familyHash: Buffer, graceSeconds: number): Promise<RotatedSession | undefined>;

  /** Ends a session; false when there was none of this user. */
  abstract end(id: string, userId: string): Promise<boolean>;

  /** Ends all sessions of a user; gives their ids. */
  abstract endAllOf(userId: string): Promise<string[]>;

  /** Removes sessions that are over, some at a time; gives their number. */
  abstract deleteExpired(batch: number): Promise<number>;
}
