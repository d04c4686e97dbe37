import canonicalize from 'canonicalize';

import { type AuditAction, type AuditCategory, auditEvents } from '../../catalogue/audit-events.js';

export type AuditOutcome = 'success' | 'failure';
export type AuditActorKind = 'user' | 'anonymous' | 'system' | 'operator' | 'service';

/** Where it came from. Null in work that no request asked for. */
export interface AuditOrigin {
  address: string | null;
  userAgent: string | null;
}

/** An event before it is written, and after it has been read. */
export interface AuditEvent {
  /** UUIDv7: begins with the time. */
  id: string;
  /** ISO 8601, UTC, milliseconds: that of the id. */
  time: string;
  action: string;
  category: AuditCategory;
  outcome: AuditOutcome;
  actor: { kind: AuditActorKind; id?: string; apiKeyId?: string };
  target?: { kind: string; id: string };
  requestId: string;
  payload: Readonly<Record<string, unknown>>;
  /** What another service says of its own event; we know only that it said so. */
  external?: { id: string; time?: string; actor?: { kind: string; id: string } };
  origin?: AuditOrigin;
}

/** An event as it can be read today. */
export interface ReadEvent extends AuditEvent {
  /** A person in it has been erased, and what was said of them with the key. */
  erased?: true;
}

/** Personal data, readable as long as the key of that person exists; `of` null: of nobody known. */
export interface SealedPart {
  of: string | null;
  /** Base64. */
  sealed: string;
}

/**
 * What the log proves: an event as canonical JSON (RFC 8785), one line. Personal data are in it as
 * ciphertext, so that destroying a person's key erases them and leaves every hash as it was.
 */
export interface Leaf extends Omit<AuditEvent, 'origin'> {
  /** Address and user agent, under the key of who acted; plain in events of before the log. */
  origin?: SealedPart | AuditOrigin;
  /** Members of the payload that speak of a person, under the key of the user it is about. */
  personal?: SealedPart;
}

export type PartName = 'origin' | 'personal';

/** Seals a part of an event for a person; null when their key has been destroyed. */
export type SealPart = (of: string | null, part: PartName, value: object) => string | null;

/** Reads a part; null when the key has been destroyed. */
export type OpenPart = (of: string | null, part: PartName, sealed: string) => object | null;

/** When an event was made. A UUIDv7 begins with 48 bits of milliseconds (RFC 9562, section 5.7). */
export function timeOf(id: string): Date {
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
}

/** Associated data of a sealed part: it opens in its own event only. */
export function partContext(eventId: string, part: PartName): string {
  return `audit_events.${part}:${eventId}`;
}

/** Whose data a part of the event are; null: of nobody known. */
export function subjectOf(event: Omit<AuditEvent, 'origin'>, part: PartName): string | null {
  if (part === 'origin') return event.actor.id ?? null;
  return event.target?.kind === 'user' ? event.target.id : (event.actor.id ?? null);
}

/** Members of the payload that are personal data, by the catalogue. */
export function personalMembers(action: string): readonly string[] {
  return Object.hasOwn(auditEvents, action) ? auditEvents[action as AuditAction].personal : [];
}

/** Which parts there are to seal, so that the keys can be had beforehand. */
export function partsOf(event: AuditEvent): PartName[] {
  const parts: PartName[] = [];
  if (event.origin?.address || event.origin?.userAgent) parts.push('origin');
  if (personalMembers(event.action).some((name) => name in event.payload)) parts.push('personal');
  return parts;
}

/** The line that is hashed. */
export function leafOf({ origin, ...event }: AuditEvent, seal: SealPart): string {
  const parts = partsOf({ origin, ...event } as AuditEvent);
  const names = personalMembers(event.action);
  const [personal, payload] = split(event.payload, parts.includes('personal') ? names : []);
  const part = (name: PartName, value: object): Partial<Leaf> => {
    const of = subjectOf(event, name);
    const sealed = parts.includes(name) ? seal(of, name, value) : null;
    return sealed === null ? {} : { [name]: { of, sealed } };
  };
  const leaf: Leaf = {
    ...event,
    payload,
    ...part('origin', origin ?? {}),
    ...part('personal', personal),
  };
  return canonicalize(leaf)!;
}

/** The event behind a leaf, as far as it can be read still. */
export function eventOf({ origin, personal, ...event }: Leaf, open: OpenPart): ReadEvent {
  const details = personal && open(personal.of, 'personal', personal.sealed);
  const { changed: _, ...plain } = event.payload; // what stays when `changes` cannot be read
  const from = origin && ('sealed' in origin ? open(origin.of, 'origin', origin.sealed) : origin);
  return {
    ...event,
    payload: { ...(details && 'changes' in details ? plain : event.payload), ...details },
    ...(from && { origin: from as AuditOrigin }),
    ...((details === null || from === null) && { erased: true }),
  };
}

/** Of changes, which fields changed stays readable; what they were does not. */
function split(
  payload: AuditEvent['payload'],
  names: readonly string[],
): [object, AuditEvent['payload']] {
  const entries = Object.entries(payload);
  const personal = Object.fromEntries(entries.filter(([name]) => names.includes(name)));
  const rest = Object.fromEntries(entries.filter(([name]) => !names.includes(name)));
  const changes = personal['changes'];
  return [personal, changes ? { ...rest, changed: Object.keys(changes) } : rest];
}
