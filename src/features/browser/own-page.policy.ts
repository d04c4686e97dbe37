import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a request can come from a page of ours, by what the browser says and no script can
 * forge: `Origin` must be one of `origins`, whole, and `Sec-Fetch-Site` must not call it foreign
 * (https://www.w3.org/TR/fetch-metadata/). Browsers send Origin with every POST; who sends neither
 * is no browser, and carries no cookies that somebody else put there.
 */
export function fromOwnPage(headers: IncomingHttpHeaders, origins: ReadonlySet<string>): boolean {
  const { origin, 'sec-fetch-site': site } = headers;
  if (origin !== undefined && !origins.has(origin)) return false;
  if (site === undefined || site === 'same-origin' || site === 'none') return true;
  // A neighbour (same-site) must be named; a stranger (cross-site) may not, though he were.
  return site === 'same-site' && origin !== undefined;
}
