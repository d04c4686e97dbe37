import { isIP } from 'node:net';

import ipaddr from 'ipaddr.js';

import { invalid } from '../../platform/errors/app-error.js';
import type { AuditFilters } from './audit-search.dto.js';
import type { EventSearch } from './search.query.js';

/**
 * A request's filters, as they are searched for.
 * @throws AppError `validation.failed` for a time or an address that is none
 */
export function searchOf(
  { actor, action, target, from, to, ip, requestId }: AuditFilters,
  placeOfAddress = '/query/ip',
): EventSearch {
  const [start, end] = [timeOf(from, 'from'), timeOf(to, 'to')];
  if (start && end && start > end) throw invalid('/query/from', 'max', 'must not be after to');
  const search: EventSearch = {
    actor,
    action,
    target,
    from: start,
    to: end,
    ip: ip === undefined ? undefined : networkOf(ip, placeOfAddress),
    requestId,
  };
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined));
}

/** Which filters were used, by name: their values may be personal. */
export function filtersOf(search: EventSearch): string[] {
  return Object.keys(search).sort();
}

function timeOf(text: string | undefined, name: string): Date | undefined {
  if (text === undefined) return undefined;
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw invalid(`/query/${name}`, 'isTime', 'must be a time like 2026-01-31T09:30:00Z');
}

/** In the form that addresses are kept in: IPv4 addresses as such, however they are written. */
function networkOf(text: string, place: string): string {
  const [written = ''] = text.split('/', 1);
  try {
    if (isIP(written) === 0 || text.includes('%')) throw new Error('not in the usual form');
    if (!text.includes('/')) return ipaddr.process(text).toString();
    const [address, bits] = ipaddr.parseCIDR(text);
    return `${address.toString()}/${bits}`;
  } catch {
    const message = 'must be an address like 192.0.2.7 or a network like 192.0.2.0/24';
    throw invalid(place, 'isNetwork', message);
  }
}
