/** What a search asks of events. Each that is given must hold. */
export interface EventSearch {
  /** A user or an API key. */
  actor?: string;
  /** A user, as who acted or as the one acted upon. */
  about?: string;
  /** One action, or a prefix that ends in `.*`. */
  action?: string;
  target?: string;
  from?: Date;
  to?: Date;
  /** An address or a network. */
  ip?: string;
  requestId?: string;
}

export interface Page {
  order: 'newest first' | 'oldest first';
  /** The last id of the page before. */
  after?: string;
  limit: number;
}

export interface Statement {
  sql: string;
  parameters: unknown[];
}

/** The smallest UUIDv7 of a moment: ids begin with their time (RFC 9562, section 5.7). */
export function firstIdOf(moment: Date): string {
  const digits = Math.max(0, moment.getTime()).toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}-0000-0000-000000000000`;
}

/**
 * A page of the events that are searched for, with their places in the log. Where one of several
 * things may hold (user or key, each action of a prefix), each has its own index in the order of
 * the page: their first rows are merged, so that nothing is sorted but a page of each.
 */
export function searchStatement(search: EventSearch, { order, after, limit }: Page): Statement {
  const parameters: unknown[] = [];
  const given = (value: unknown): string => `$${parameters.push(value)}`;
  const direction = order === 'newest first' ? 'DESC' : 'ASC';
  const rows = given(limit);
  const all = [
    ...times(search, given),
    ...cursor(search, order, after, given),
    ...equals(search, given),
  ];
  const prefix = search.action?.endsWith('.*') ? given(search.action.slice(0, -1)) : null;
  const tables = search.ip
    ? 'audit_events JOIN audit_addresses AS origin ON origin.event_id = id'
    : 'audit_events';
  if (search.ip) all.push(`origin.address ${within(search.ip)} ${given(search.ip)}::inet`);
  if (prefix) all.push('action = known.name');
  const branches = alternatives(search, given).map(
    (condition) => `(SELECT id, leaf FROM ${tables}
      WHERE ${[...all, ...condition].join(' AND ') || 'true'}
      ORDER BY id ${direction} LIMIT ${rows})`,
  );
  const found = branches.join(' UNION ALL ');
  const merged = prefix
    ? `${actionsBeginning(prefix)} SELECT each.* FROM known CROSS JOIN LATERAL (${found}) AS each`
    : found;
  const sql = `SELECT page.id, page.leaf, log_index AS "leafIdx"
    FROM (SELECT * FROM (${merged}) AS event ORDER BY id ${direction} LIMIT ${rows}) AS page
    LEFT JOIN audit_entries ON event_id = page.id ORDER BY page.id ${direction}`;
  return { sql, parameters };
}

type Given = (value: unknown) => string;

/** Of one address the index has the events in order; those of a network have to be merged. */
function within(ip: string): string {
  return ip.includes('/') ? '<<=' : '=';
}

/** For the index of addresses as well: PostgreSQL does not conclude from `id = event_id`. */
function bound({ ip }: EventSearch, condition: string): string[] {
  return ip ? [`id ${condition}`, `origin.event_id ${condition}`] : [`id ${condition}`];
}

function times(search: EventSearch, given: Given): string[] {
  return [
    ...(search.from ? bound(search, `>= ${given(firstIdOf(search.from))}::uuid`) : []),
    ...(search.to ? bound(search, `< ${given(firstIdOf(search.to))}::uuid`) : []),
  ];
}

function cursor(
  search: EventSearch,
  order: Page['order'],
  after: string | undefined,
  given: Given,
): string[] {
  if (after === undefined) return [];
  const condition = `${order === 'newest first' ? '<' : '>'} ${given(after)}::uuid`;
  return bound(search, condition);
}

function equals({ action, target, requestId }: EventSearch, given: Given): string[] {
  return [
    ...(action !== undefined && !action.endsWith('.*') ? [`action = ${given(action)}`] : []),
    ...(target !== undefined ? [`target_id = ${given(target)}`] : []),
    ...(requestId !== undefined ? [`request_id = ${given(requestId)}`] : []),
  ];
}

/** Conditions of which one must hold; no event fulfils two of them. */
function alternatives({ actor, about }: EventSearch, given: Given): string[][] {
  if (actor !== undefined) {
    const id = `${given(actor)}::uuid`;
    return [[`actor_id = ${id}`], [`api_key_id = ${id}`]];
  }
  if (about === undefined) return [[]];
  const id = given(about);
  return [
    [`actor_id = ${id}::uuid`], // also what their API keys did
    [`target_id = ${id}::text`, `actor_id IS DISTINCT FROM ${id}::uuid`],
  ];
}

/** One look into the index for each action there is, not one for each event. */
function actionsBeginning(prefix: string): string {
  return `WITH RECURSIVE action_of (name) AS (
      (SELECT action FROM audit_events ORDER BY action LIMIT 1)
      UNION ALL
      SELECT (SELECT action FROM audit_events WHERE action > name ORDER BY action LIMIT 1)
      FROM action_of WHERE name IS NOT NULL
    ), known AS (SELECT name FROM action_of WHERE starts_with(name, ${prefix}))`;
}
