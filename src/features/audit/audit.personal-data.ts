import { Injectable } from '@nestjs/common';

import { HoldsPersonalData, type PersonalDataHolder } from '../../platform/personal-data/index.js';
import type { AuditEvent } from './audit-leaf.js';
import { AuditReader } from './audit.reader.js';
import { AuditRepository } from './audit.repository.js';

const pageSize = 500;

/** What a user did, and what was done to them; not from where others did it. */
@Injectable()
@HoldsPersonalData({
  section: 'auditEvents',
  tables: [
    'audit_events',
    'audit_pending',
    'audit_addresses',
    'audit_subject_keys',
    'audit_holds', // says nothing of a user but that they are spoken of somewhere
  ],
})
export class AuditPersonalData implements PersonalDataHolder {
  constructor(
    private readonly repository: AuditRepository,
    private readonly reader: AuditReader,
  ) {}

  async *personalDataOf(userId: string): AsyncGenerator<object[]> {
    let after: string | null = null;
    for (;;) {
      const page: { id: string; leaf: string }[] = await this.repository.leavesAbout(
        userId,
        after,
        pageSize,
      );
      const events = await this.reader.read(page.map(({ leaf }) => leaf));
      if (events.length > 0) yield events.map((event) => seenBy(userId, event));
      if (page.length < pageSize) return;
      after = page.at(-1)!.id;
    }
  }
}

function seenBy(userId: string, { actor, origin, target, ...event }: AuditEvent): object {
  const byYou = actor.id === userId;
  return {
    id: event.id,
    time: event.time,
    action: event.action,
    outcome: event.outcome,
    byYou,
    apiKeyId: (byYou && actor.apiKeyId) || null,
    target: target ?? null,
    payload: event.payload,
    address: (byYou && origin?.address) || null,
    userAgent: (byYou && origin?.userAgent) || null,
  };
}
