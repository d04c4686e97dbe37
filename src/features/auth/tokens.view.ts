/** What a client works with after signing in. */
export class TokensView {
  /** Send it as `Authorization: Bearer …`. */
  accessToken: string;
  /** @example "Bearer" */
  tokenType: 'Bearer';
  /**
   * Seconds until the access token ends.
   * @example 3600
   */
  expiresIn: number;
  /** Works once: POST /api/v1/auth/refresh exchanges it for new tokens. */
  refreshToken: string;
}
