/**
 * Why a call gave no usable answer: `refused` (an address that must not be reached), `timeout`,
 * `network`, `too_long`, `open` (the host failed too often and is left alone for a while), `full`
 * (too many calls to it at once), `invalid` (not a request of ours).
 */
export type OutgoingFailure =
  'refused' | 'timeout' | 'network' | 'too_long' | 'open' | 'full' | 'invalid';

/**
 * The request was not made, or its answer is not usable; the message says why, and names the host
 * but never path, query or headers, which may hold secrets.
 */
export class OutgoingError extends Error {
  constructor(
    readonly reason: OutgoingFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
