import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';

import { currentPrincipal } from '../../platform/context/request-context.js';
import { Database } from '../../platform/database/index.js';
import { AppError, type FieldError } from '../../platform/errors/app-error.js';
import { AuditService, type ExternalEvent } from '../audit/index.js';
import type { ExternalEventRequest } from './audit-ingestion.dto.js';
import { AuditIngestionRepository, type Ingested } from './audit-ingestion.repository.js';
import type { IngestedListView } from './audit-ingestion.view.js';
import { isOwnName, problemOfPayload, sourceOf } from './external-event.policy.js';
import { violation } from './payload-schema.js';

/** Takes events of other services into the same log as ours, each once. */
@Injectable()
export class AuditIngestionService {
  constructor(
    private readonly database: Database,
    private readonly repository: AuditIngestionRepository,
    private readonly audit: AuditService,
  ) {}

  /** @throws AppError `validation.failed`, and then none is taken */
  async ingest(events: readonly ExternalEventRequest[]): Promise<IngestedListView> {
    await this.check(events);
    const offered = events.map(({ id, action }) => ({
      source: sourceOf(action),
      externalId: id,
      eventId: uuidv7(),
    }));
    const { userId } = currentPrincipal();
    return this.database.transaction(async () => {
      const claimed = await this.repository.claim(userId, offered);
      const fresh = offered.flatMap(({ eventId }, i) =>
        claimed.has(eventId) ? [eventOf(events[i]!, eventId)] : [],
      );
      await this.audit.recordExternal(fresh);
      const known = new Map(
        (await this.repository.find(userId, offered)).map((each) => [keyOf(each), each.eventId]),
      );
      const items = offered.map((each) => ({
        id: each.externalId,
        eventId: known.get(keyOf(each))!,
        created: claimed.has(each.eventId),
      }));
      return { items };
    });
  }

  private async check(events: readonly ExternalEventRequest[]): Promise<void> {
    const names = [...new Set(events.map(({ action }) => sourceOf(action)))];
    const sources = await this.repository.sources(names);
    const schemas = new Map(sources.map(({ name, schema }) => [name, schema]));
    const errors = events.flatMap(
      (event, i) => problemOf(event, `/events/${i}`, schemas.get(sourceOf(event.action))) ?? [],
    );
    if (errors.length > 0) throw new AppError('validation.failed', { errors });
  }
}

function problemOf(
  { action, payload = {} }: ExternalEventRequest,
  at: string,
  schema: object | undefined,
): FieldError | null {
  if (isOwnName(sourceOf(action))) {
    const message = 'must begin with the name of your service, which none of ours has';
    return { pointer: `${at}/action`, rule: 'isExternal', message };
  }
  const problem = problemOfPayload(payload);
  if (problem) return { pointer: `${at}/payload`, rule: 'isPayload', message: problem };
  const wrong = schema && violation(schema, payload);
  if (!wrong) return null;
  const message = (wrong.message ?? 'is not what its source promised').slice(0, 200);
  return { pointer: `${at}/payload${wrong.instancePath}`, rule: wrong.keyword, message };
}

/** What the service says of actor and time is its word, and stands with what it says. */
function eventOf(event: ExternalEventRequest, id: string): ExternalEvent {
  const { action, outcome = 'success', target, payload = {} } = event;
  return {
    id,
    action,
    outcome,
    ...(target && { target: { kind: target.kind, id: target.id } }),
    payload,
    external: {
      id: event.id,
      ...(event.time !== undefined && { time: event.time }),
      ...(event.actor && { actor: { kind: event.actor.kind, id: event.actor.id } }),
    },
  };
}

function keyOf({ source, externalId }: Pick<Ingested, 'source' | 'externalId'>): string {
  return `${source} ${externalId}`;
}
