import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';

import {
  type AuditAction,
  auditEvents,
  type AuditPayload,
  type AuditTargetKind,
} from '../../catalogue/audit-events.js';
import { currentContext } from '../../platform/context/request-context.js';
import { Database } from '../../platform/database/index.js';

/** What an event is about. */
export interface AuditTarget {
  kind: AuditTargetKind;
  id: string;
}

export interface AuditDetails {
  target?: AuditTarget;
  /** Who did it, when that is not the caller of the request (e.g. somebody signing in). */
  actorId?: string;
  outcome?: 'success' | 'failure';
}

/** Columns that say what was done, by whom and with what, from where and in which request. */
const sharedColumns =
  'action, category, outcome, actor_kind, actor_id, api_key_id, address, user_agent, request_id';

function sharedValues(
  action: AuditAction,
  outcome: 'success' | 'failure',
  actorId?: string,
): unknown[] {
  const context = currentContext();
  const actor = actorId ?? context?.principal?.userId ?? null;
  const withoutUser = context === undefined || context.origin === 'http' ? null : context.origin;
  return [
    action,
    auditEvents[action].category,
    outcome,
    actor ? 'user' : (withoutUser ?? (context ? 'anonymous' : 'system')),
    actor,
    context?.principal?.apiKeyId ?? null,
    context?.address ?? null,
    context?.userAgent ?? null,
    context?.requestId ?? 'none',
  ];
}

/** Writes the audit trail. Who, from where and under which request id come from the context. */
@Injectable()
export class AuditService {
  constructor(private readonly database: Database) {}

  /**
   * Records an event in the running transaction, so that change and event are one; outside of a
   * transaction it commits by itself.
   */
  async record<A extends AuditAction>(
    action: A,
    payload: AuditPayload<A>,
    { target, actorId, outcome = 'success' }: AuditDetails = {},
  ): Promise<void> {
    await this.database.rows(
      `INSERT INTO audit_events (id, target_kind, target_id, payload, ${sharedColumns})
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
      [
        uuidv7(),
        target?.kind ?? null,
        target?.id ?? null,
        JSON.stringify(payload),
        ...sharedValues(action, outcome, actorId),
      ],
    );
  }

  /** Records the same thing about each of many targets, as {@link record} does about one. */
  async recordAll<A extends AuditAction>(
    action: A,
    events: readonly { payload: AuditPayload<A>; target: AuditTarget }[],
  ): Promise<void> {
    if (events.length === 0) return;
    const rows = events.map((event) => ({ id: uuidv7(), ...event }));
    await this.database.rows(
      `INSERT INTO audit_events (id, target_kind, target_id, payload, ${sharedColumns})
       SELECT id, target->>'kind', target->>'id', payload, $2, $3, $4, $5, $6, $7, $8, $9, $10
       FROM jsonb_to_recordset($1::jsonb) AS event (id uuid, target jsonb, payload jsonb)`,
      [JSON.stringify(rows), ...sharedValues(action, 'success')],
    );
  }

  /** Records a refusal so that it stays although the request fails. */
  async recordFailure<A extends AuditAction>(
    action: A,
    payload: AuditPayload<A>,
    details: Omit<AuditDetails, 'outcome'> = {},
  ): Promise<void> {
    await this.database.apart(() =>
      this.record(action, payload, { ...details, outcome: 'failure' }),
    );
  }
}
