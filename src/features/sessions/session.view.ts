import { ApiProperty } from '@nestjs/swagger';

import { deviceName } from './device-name.js';
import type { ListedSession } from './sessions.repository.js';

/** One sign-in of the caller that is still good. */
export class SessionView {
  /** @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10" */
  id: string;
  /** Whether this request belongs to it. */
  current: boolean;
  /**
   * What people call the client that signed in.
   * @example "Firefox on Linux"
   */
  @ApiProperty({ maxLength: 100, pattern: '^[ -~]*$' })
  device: string | null;
  /**
   * What the client called itself when signing in.
   * @example "Mozilla/5.0 (X11; Linux x86_64) Firefox/144.0"
   */
  @ApiProperty({ maxLength: 256, pattern: '^[\\t\\u0020-\\u00ff]*$' })
  userAgent: string | null;
  /**
   * Client address of the last sign-in or refresh.
   * @example "203.0.113.7"
   */
  @ApiProperty({ maxLength: 64, pattern: '^[0-9A-Fa-f:.]+(%[^%]+)?$' })
  address: string | null;
  createdAt: Date;
  /** Last sign-in or refresh. */
  lastUsedAt: Date;
  /** Ends then, however active. */
  expiresAt: Date;

  static of(session: ListedSession, currentId: string): SessionView {
    return Object.assign(new SessionView(), {
      id: session.id,
      current: session.id === currentId,
      device: deviceName(session.userAgent),
      userAgent: session.userAgent,
      address: session.address,
      createdAt: session.createdAt,
      lastUsedAt: session.lastUsedAt,
      expiresAt: session.expiresAt,
    });
  }
}

export class SessionListView {
  @ApiProperty({ maxItems: 1_000 })
  items: SessionView[];
}
