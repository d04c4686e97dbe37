import { ApiProperty } from '@nestjs/swagger';

import { type AuditAction, auditEvents } from '../../catalogue/audit-events.js';
import type { ReadEvent } from '../audit/index.js';

const texts = { maxLength: 200 } as const;
const kinds = ['user', 'anonymous', 'system', 'operator', 'service'] as const;

export class AuditActorView {
  @ApiProperty({ enum: kinds })
  kind: (typeof kinds)[number];
  /**
   * The user.
   * @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10"
   */
  @ApiProperty({ format: 'uuid' })
  id: string | null;
  /** Set when the user acted through this API key. */
  @ApiProperty({ format: 'uuid' })
  apiKeyId: string | null;
}

export class AuditTargetView {
  /** @example "user" */
  @ApiProperty(texts)
  kind: string;
  /** @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10" */
  @ApiProperty(texts)
  id: string;
}

export class AuditOriginView {
  /** @example "192.0.2.7" */
  @ApiProperty({ maxLength: 50 })
  address: string | null;
  /** @example "Mozilla/5.0" */
  @ApiProperty({ maxLength: 2_000 })
  userAgent: string | null;
}

export class AuditExternalView {
  /**
   * The service's own id of the event.
   * @example "invoice-2026-0042-paid"
   */
  @ApiProperty(texts)
  id: string;
  /** When it happened by the clock of the service. */
  @ApiProperty({ maxLength: 40 })
  time: string | null;
  /** Who did it, as the service says. */
  actor: AuditTargetView | null;
}

/** Something that has happened. */
export class AuditEventView {
  /** @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10" */
  @ApiProperty({ format: 'uuid' })
  id: string;
  /** @example "2026-01-31T09:30:00.000Z" */
  @ApiProperty({ format: 'date-time' })
  time: string;
  /** @example "users.roles_changed" */
  @ApiProperty({ maxLength: 100 })
  action: string;
  /** @example "access" */
  @ApiProperty({ maxLength: 50 })
  category: string;
  @ApiProperty({ enum: ['success', 'failure'] })
  outcome: 'success' | 'failure';
  actor: AuditActorView;
  /** Null when it was done to nothing in particular. */
  target: AuditTargetView | null;
  /** @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10" */
  @ApiProperty(texts)
  requestId: string;
  /** What belongs to this action; see the reference of audit events. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  payload: Readonly<Record<string, unknown>>;
  /** What another service says of its own event; null for ours. */
  external: AuditExternalView | null;
  /** Null when no request asked for it, and when the person it speaks of has been erased. */
  origin: AuditOriginView | null;
  /** Place in the log, from 0; null for a second or two after the event. */
  @ApiProperty({ type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
  leafIdx: number | null;
  /** A person in it has been erased, and what was said of them is not readable any more. */
  erased: boolean;

  static of(event: ReadEvent, leafIdx: number | null): AuditEventView {
    const { actor, target, origin, external, erased, ...plain } = event;
    return Object.assign(new AuditEventView(), {
      ...plain,
      actor: { kind: actor.kind, id: actor.id ?? null, apiKeyId: actor.apiKeyId ?? null },
      target: target ?? null,
      external: external ? { time: null, actor: null, ...external } : null,
      origin: origin ?? null,
      leafIdx,
      erased: erased === true,
    });
  }
}

/** An event with a sentence about it. */
export class TimelineEntryView extends AuditEventView {
  /** @example "Somebody signed in, or proved anew who they are: by user 0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10 from 192.0.2.7" */
  @ApiProperty({ maxLength: 1_000 })
  summary: string;

  static told(event: AuditEventView): TimelineEntryView {
    return Object.assign(new TimelineEntryView(), { ...event, summary: summaryOf(event) });
  }
}

export class AuditEventListView {
  @ApiProperty({ maxItems: 100 })
  items: AuditEventView[];
  /**
   * Pass it as `cursor` for the next page; null on the last one.
   * @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10"
   */
  @ApiProperty({ format: 'uuid' })
  nextCursor: string | null;
}

export class TimelineView {
  @ApiProperty({ maxItems: 100 })
  items: TimelineEntryView[];
  /**
   * Pass it as `cursor` for the next page; null on the last one.
   * @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10"
   */
  @ApiProperty({ format: 'uuid' })
  nextCursor: string | null;
}

function summaryOf({ action, actor, origin, outcome, target }: AuditEventView): string {
  const known = Object.hasOwn(auditEvents, action);
  const what = known ? auditEvents[action as AuditAction].description : action;
  const by = actor.id === null ? actor.kind : `${actor.kind} ${actor.id}`;
  const key = actor.apiKeyId === null ? '' : ` with API key ${actor.apiKeyId}`;
  const from = origin?.address ? ` from ${origin.address}` : '';
  const on = target ? `, on ${target.kind} ${target.id}` : '';
  return `${what}: by ${by}${key}${from}${on}${outcome === 'failure' ? ' (refused)' : ''}`;
}
