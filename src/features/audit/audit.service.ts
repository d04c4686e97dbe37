import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';

import {
  type AuditAction,
  auditEvents,
  type AuditPayload,
  type AuditTargetKind,
} from '../../catalogue/audit-events.js';
import { currentContext, type RequestContext } from '../../platform/context/request-context.js';
import { Database } from '../../platform/database/index.js';
import { leafHash } from '../../platform/transparency-log/index.js';
import {
  type AuditActorKind,
  type AuditEvent,
  type AuditOutcome,
  leafOf,
  partContext,
  partsOf,
  subjectOf,
  timeOf,
} from './audit-leaf.js';
import { AuditRepository, type NewEvent } from './audit.repository.js';
import { type Sealer, SubjectKeys } from './subject-keys.js';

/** What an event is about. */
export interface AuditTarget {
  kind: AuditTargetKind;
  id: string;
}

export interface AuditDetails {
  target?: AuditTarget;
  /** Who did it, when that is not the caller of the request (e.g. somebody signing in). */
  actorId?: string;
  outcome?: AuditOutcome;
}

/** Something that happened in another service, which says so with a credential of its own. */
export interface ExternalEvent {
  /** UUIDv7 of now. */
  id: string;
  action: string;
  outcome: AuditOutcome;
  target?: { kind: string; id: string };
  payload: AuditEvent['payload'];
  external: NonNullable<AuditEvent['external']>;
}

/** Writes the audit trail. Who, from where and under which request id come from the context. */
@Injectable()
export class AuditService {
  constructor(
    private readonly database: Database,
    private readonly repository: AuditRepository,
    private readonly keys: SubjectKeys,
  ) {}

  /**
   * Records an event in the running transaction, so that change and event are one; outside of a
   * transaction it commits by itself.
   */
  async record<A extends AuditAction>(
    action: A,
    payload: AuditPayload<A>,
    details: AuditDetails = {},
  ): Promise<void> {
    await this.write([eventNow(action, payload, details)]);
  }

  /** Records the same thing about each of many targets, as {@link record} does about one. */
  async recordAll<A extends AuditAction>(
    action: A,
    events: readonly { payload: AuditPayload<A>; target: AuditTarget }[],
  ): Promise<void> {
    if (events.length === 0) return;
    await this.write(events.map(({ payload, target }) => eventNow(action, payload, { target })));
  }

  /** Records what another service tells. The actor is that service, whoever it says it was. */
  async recordExternal(events: readonly ExternalEvent[]): Promise<void> {
    if (events.length > 0) await this.write(events.map(externalEvent));
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

  /** Erases what the trail says of these people; that something happened stays, and stays proved. */
  async forget(people: readonly string[]): Promise<void> {
    if (people.length > 0) await this.keys.destroy(people);
  }

  private async write(events: readonly AuditEvent[]): Promise<void> {
    const people = events.flatMap((event) =>
      partsOf(event).flatMap((part) => subjectOf(event, part) ?? []),
    );
    const seal = await this.keys.sealer(people);
    const rows = events.map((event) => rowOf(event, seal));
    if (rows.length === 1) await this.repository.add(rows[0]!);
    else await this.repository.addAll(rows);
  }
}

function rowOf(event: AuditEvent, seal: Sealer): NewEvent {
  const leaf = leafOf(event, (of, part, value) => seal(of, value, partContext(event.id, part)));
  return {
    id: event.id,
    leaf,
    leafHash: leafHash(Buffer.from(leaf)),
    address: event.origin?.address ?? null,
    subjectId: subjectOf(event, 'origin'),
  };
}

function eventNow<A extends AuditAction>(
  action: A,
  payload: AuditPayload<A>,
  { target, actorId, outcome = 'success' }: AuditDetails,
): AuditEvent {
  const context = currentContext();
  const actor = actorId ?? context?.principal?.userId;
  const apiKeyId = context?.principal?.apiKeyId;
  const id = uuidv7();
  return {
    id,
    time: timeOf(id).toISOString(),
    action,
    category: auditEvents[action].category,
    outcome,
    actor: {
      kind: actorKind(actor, context),
      ...(actor !== undefined && { id: actor }),
      ...(apiKeyId !== undefined && { apiKeyId }),
    },
    ...(target && { target }),
    requestId: context?.requestId ?? 'none',
    payload: payload as AuditEvent['payload'],
    ...(context && { origin: { address: context.address, userAgent: context.userAgent } }),
  };
}

function actorKind(actor: string | undefined, context: RequestContext | undefined): AuditActorKind {
  if (actor !== undefined) return 'user';
  if (!context) return 'system';
  return context.origin === 'http' ? 'anonymous' : context.origin;
}

function externalEvent({ id, target, ...told }: ExternalEvent): AuditEvent {
  const {
    principal,
    requestId = 'none',
    address = null,
    userAgent = null,
  } = currentContext() ?? {};
  return {
    ...told,
    id,
    time: timeOf(id).toISOString(),
    category: 'external',
    actor: {
      kind: 'service',
      ...(principal && { id: principal.userId }),
      ...(principal?.apiKeyId && { apiKeyId: principal.apiKeyId }),
    },
    ...(target && { target }),
    requestId,
    origin: { address, userAgent },
  };
}
