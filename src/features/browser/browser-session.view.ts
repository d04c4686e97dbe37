import { ApiProperty } from '@nestjs/swagger';

/** What a browser is told after signing in with `mode: "cookie"`; the tokens are in cookies. */
export class BrowserSessionView {
  /** @example "Cookie" */
  tokenType: 'Cookie';
  /**
   * Seconds until the access cookie ends: POST /api/v1/auth/refresh renews it.
   * @example 3600
   */
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 86_400 })
  expiresIn: number;
  /**
   * Send it as `X-CSRF-Token` with every request that changes something.
   * @example "lSNsKZjIB_4-rqlMIlPvqwY8jpSYEDquHTHP03eNe5Q.8c0rYcQ6PtR7b0cQKq3t2pGZ3jJm4v6sXwz1uTnBdE0"
   */
  @ApiProperty({ maxLength: 200, pattern: '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$' })
  csrfToken: string;
}

export class CsrfTokenView {
  /**
   * Send it as `X-CSRF-Token` with every request that changes something.
   * @example "lSNsKZjIB_4-rqlMIlPvqwY8jpSYEDquHTHP03eNe5Q.8c0rYcQ6PtR7b0cQKq3t2pGZ3jJm4v6sXwz1uTnBdE0"
   */
  @ApiProperty({ maxLength: 200, pattern: '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$' })
  csrfToken: string;
}
