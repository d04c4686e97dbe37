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

export interface AuditDetails {
  /** What the event is about. */
  target?: { kind: AuditTargetKind; id: string };
  /** Who did it, when that is not the caller of the request (e.g. somebody signing in). */
  actorId?: string;
  outcome?: 'success' | 'failure';
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
    const context = currentContext();
    const actor = actorId ?? context?.principal?.userId ?? null;
    const withoutUser = context === undefined || context.origin === 'http' ? null : context.origin;
    await this.database.rows(
      `INSERT INTO audit_events (id, action, category, outcome, actor_kind, actor_id, target_kind,
                                 target_id, address, user_agent, request_id, payload)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        uuidv7(),
        action,
        auditEvents[action].category,
        outcome,
        actor ? 'user' : (withoutUser ?? (context ? 'anonymous' : 'system')),
        actor,
        target?.kind ?? null,
        target?.id ?? null,
        context?.address ?? null,
        context?.userAgent ?? null,
        context?.requestId ?? 'none',
        JSON.stringify(payload),
      ],
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
